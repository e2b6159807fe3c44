// SPDX-License-Identifier: Apache-2.0
#include "overlay/dangers.hpp"

#include "overlay/kernel_modules.hpp"
#include "overlay/layer_entry.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>

namespace overlay {

namespace {

using enum DangerRule;

constexpr std::size_t nobody = static_cast<std::size_t>(-1);

/// Of more names than this, a directory is listed rather than each looked up in it.
constexpr std::size_t few_names = 16;

/// A layer that has a certain directory.
struct Presence {
  std::size_t layer;
  bool hides_below = false; ///< an opaque directory above it or itself: what is under it is hidden
};

/// That directory, open.
struct OpenDirectory {
  Presence presence;
  base::Dir dir;
  DirectoryMarks marks;
  bool is_listed = false;                ///< else names are looked up
  std::vector<base::DirEntry> entries{}; ///< if it is listed
  std::size_t next = 0;                  ///< the first entry that was not compared yet
};

/// What a layer has of one name.
struct Thing {
  const OpenDirectory *in;
  EntryKind kind;
  struct stat status;
};

/// A directory that is to be looked into.
struct Descent {
  std::string path;
  std::vector<Presence> present;
};

class Search {
public:
  /// `faulty` are the layers that are left aside.
  Search(const DangerSearch &search, const std::map<std::string, base::Error> &faulty)
      : search_(search)
  {
    for (const DangerLayer &layer : search.layers)
      if (!faulty.contains(layer.name))
        layers_.push_back(&layer);
  }

  std::vector<Danger> run()
  {
    std::vector<Presence> all;
    for (std::size_t layer = 0; layer < layers_.size(); ++layer)
      all.push_back({layer});
    visit({search_.hierarchy, std::move(all)});
    std::vector<Danger> dangers;
    for (auto &[key, danger] : found_)
      dangers.push_back(std::move(danger));
    return dangers;
  }

  /// The layer that was being read when the search failed.
  [[nodiscard]] const DangerLayer &reading() const { return *layers_.at(reading_); }

private:
  [[nodiscard]] bool is_system(std::size_t layer) const
  {
    return layers_[layer]->name == system_name;
  }

  [[nodiscard]] bool is_examined(std::size_t layer) const
  {
    return layers_[layer]->is_examined && !is_system(layer);
  }

  [[nodiscard]] bool counts(std::size_t layer, DangerRule rule) const
  {
    return search_.scope == DangerScope::all || layers_[layer]->policy[rule] != Response::allow;
  }

  [[nodiscard]] bool may_be_dangerous_alone(std::size_t layer) const
  {
    return is_examined(layer) && !layers_[layer]->is_signed &&
           (counts(layer, set_user) || counts(layer, capabilities) || counts(layer, device_node));
  }

  /// Directories are opened by their whole path and closed before those below are looked into, so
  /// that no more of them are open than there are layers.
  void visit(const Descent &at)
  {
    std::vector<Descent> below;
    {
      std::vector<OpenDirectory> open = open_all(at);
      while (const auto name = next_name(open))
        compare(at.path + "/" + *name, things_of(open, *name), *name, below);
    }
    for (const Descent &each : below)
      visit(each);
  }

  std::vector<OpenDirectory> open_all(const Descent &at)
  {
    std::vector<OpenDirectory> open;
    for (const Presence &presence : at.present) {
      reading_ = presence.layer;
      auto dir = layers_[presence.layer]->tree->find_dir(at.path);
      if (!dir)
        continue;
      const DirectoryMarks marks = read_marks(*dir);
      open.push_back({presence, std::move(*dir), marks});
    }
    std::size_t names = 0;
    for (OpenDirectory &each : open)
      if (is_examined(each.presence.layer))
        names += list(each);
    for (OpenDirectory &each : open)
      if (!each.is_listed && names > few_names)
        list(each);
    return open;
  }

  /// Returns how many entries there are.
  std::size_t list(OpenDirectory &open)
  {
    reading_ = open.presence.layer;
    open.entries = open.dir.entries();
    open.is_listed = true;
    return open.entries.size();
  }

  /// The first name that was not compared yet and that an examined layer has.
  [[nodiscard]] std::optional<std::string> next_name(const std::vector<OpenDirectory> &open) const
  {
    const std::string *first = nullptr;
    for (const OpenDirectory &each : open)
      if (is_examined(each.presence.layer) && each.next < each.entries.size())
        if (const std::string &name = each.entries[each.next].name; !first || name < *first)
          first = &name;
    return first ? std::optional(*first) : std::nullopt;
  }

  /// What the layers have of this name, the topmost first.
  std::vector<Thing> things_of(std::vector<OpenDirectory> &open, const std::string &name)
  {
    std::vector<const OpenDirectory *> holders;
    for (OpenDirectory &each : open)
      if (!each.is_listed || comes_to(each, name))
        holders.push_back(&each);
    if (holders.size() == 1 && !has_to_be_seen(*holders.front()))
      return {thing_by_type(*holders.front())};
    std::vector<Thing> things;
    for (const OpenDirectory *each : holders) {
      reading_ = each->presence.layer;
      if (const auto status = each->dir.status(name))
        things.push_back({each, kind_of(each->dir, each->marks, name, *status), *status});
    }
    return things;
  }

  /// Goes on behind this name. True if it is there.
  static bool comes_to(OpenDirectory &open, const std::string &name)
  {
    while (open.next < open.entries.size() && open.entries[open.next].name < name)
      ++open.next;
    if (open.next == open.entries.size() || open.entries[open.next].name != name)
      return false;
    ++open.next;
    return true;
  }

  /// Whether more than its type counts of what only one layer has, and has just come to.
  [[nodiscard]] bool has_to_be_seen(const OpenDirectory &open) const
  {
    return !S_ISDIR(open.entries[open.next - 1].type) &&
           may_be_dangerous_alone(open.presence.layer);
  }

  static Thing thing_by_type(const OpenDirectory &open)
  {
    struct stat status = {};
    status.st_mode = open.entries[open.next - 1].type;
    return {&open, S_ISDIR(status.st_mode) ? EntryKind::directory : EntryKind::file, status};
  }

  void compare(const std::string &path,
               const std::vector<Thing> &things,
               const std::string &name,
               std::vector<Descent> &below)
  {
    const std::string relative = path.substr(search_.hierarchy.size() + 1);
    if (std::find(search_.covered.begin(), search_.covered.end(), relative) !=
        search_.covered.end())
      return;
    Descent descent{path, {}};
    for (std::size_t upper = 0; upper < things.size(); ++upper) {
      const Thing &thing = things[upper];
      judge_alone(path, name, thing);
      const bool is_opaque = upper + 1 < things.size() && is_opaque_directory(thing, name);
      for (std::size_t lower = upper + 1; lower < things.size(); ++lower)
        if (are_judged(thing, things[lower]))
          judge(path, name, thing, things[lower], is_opaque);
      if (thing.kind == EntryKind::directory)
        descent.present.push_back(
            {thing.in->presence.layer, thing.in->presence.hides_below || is_opaque});
    }
    if (is_worth_a_look(descent.present))
      below.push_back(std::move(descent));
  }

  [[nodiscard]] bool is_worth_a_look(const std::vector<Presence> &present) const
  {
    const auto has = [&](auto &&is) { return std::any_of(present.begin(), present.end(), is); };
    return has([&](const Presence &each) { return may_be_dangerous_alone(each.layer); }) ||
           (present.size() > 1 &&
            has([&](const Presence &each) { return is_examined(each.layer); }));
  }

  bool is_opaque_directory(const Thing &thing, const std::string &name)
  {
    if (thing.kind != EntryKind::directory)
      return false;
    reading_ = thing.in->presence.layer;
    const auto dir = thing.in->dir.find_dir(name);
    return dir && read_marks(*dir).is_opaque;
  }

  void judge_alone(const std::string &path, const std::string &name, const Thing &thing)
  {
    const std::size_t layer = thing.in->presence.layer;
    if (!may_be_dangerous_alone(layer))
      return;
    reading_ = layer;
    constexpr mode_t executable = S_IXUSR | S_IXGRP | S_IXOTH;
    const bool is_program =
        S_ISREG(thing.status.st_mode) && (thing.status.st_mode & executable) != 0;
    if (sets_user(thing.status))
      note(set_user, layer, nobody, path);
    if (is_program && counts(layer, capabilities) && has_capabilities(thing.in->dir, name))
      note(capabilities, layer, nobody, path);
    if (thing.kind == EntryKind::device)
      note(device_node, layer, nobody, path);
  }

  /// Whether the upper one of two things can be a danger to the lower one.
  [[nodiscard]] bool are_judged(const Thing &upper, const Thing &lower) const
  {
    const std::size_t above = upper.in->presence.layer;
    const std::size_t below = lower.in->presence.layer;
    return !is_system(above) && (is_examined(above) || is_examined(below)) &&
           !upper.in->presence.hides_below && lower.kind != EntryKind::whiteout;
  }

  void judge(const std::string &path,
             const std::string &name,
             const Thing &upper,
             const Thing &lower,
             bool is_opaque)
  {
    const bool merge = upper.kind == EntryKind::directory && lower.kind == EntryKind::directory;
    if (merge && !is_opaque)
      return;
    const std::size_t above = upper.in->presence.layer;
    const std::size_t below = lower.in->presence.layer;
    const bool of_system = is_system(below);
    const DangerRule masks = of_system ? masks_system : masks_extension;
    const DangerRule shadows = of_system ? shadows_system : shadows_extension;
    reading_ = below;
    if (hides_a_directory(upper, lower, path)) {
      note(masks, above, below, path);
    } else if (upper.kind == EntryKind::whiteout) {
      note(whiteout, above, below, path);
    } else if (upper.kind != lower.kind) {
      note(type_change, above, below, path);
    } else if (!merge && counts(above, shadows) && !is_joined(path) &&
               !is_same(upper, lower, name)) {
      note(shadows, above, below, path);
    }
  }

  /// Whether what is to be seen there is made of what both have.
  [[nodiscard]] bool is_joined(const std::string &path) const
  {
    return search_.indexes_kernel_modules && search_.hierarchy == kernel_modules_hierarchy &&
           kernel_of_index(path.substr(search_.hierarchy.size() + 1));
  }

  /// Files that cannot be read are not the same.
  static bool is_same(const Thing &upper, const Thing &lower, const std::string &name)
  {
    try {
      return upper.kind == EntryKind::file && is_same_file(upper.in->dir, lower.in->dir, name);
    } catch (const base::Error &) {
      return false;
    }
  }

  /// Whether the lower one is a directory with something in it, or a symlink to one that has become
  /// a directory: "sbin" for a system in which that leads to "bin".
  [[nodiscard]] bool
  hides_a_directory(const Thing &upper, const Thing &lower, const std::string &path) const
  {
    const bool is_directory = lower.kind == EntryKind::directory;
    if (!is_directory && !(S_ISLNK(lower.status.st_mode) && upper.kind == EntryKind::directory))
      return false;
    const ExtensionTree &tree = *layers_[lower.in->presence.layer]->tree;
    const auto place = path_below(tree.place(), path.substr(1));
    const auto target = place ? tree.top().target_status(*place) : std::nullopt;
    return target && S_ISDIR(target->st_mode) && !tree.top().dir(*place).entries().empty();
  }

  void note(DangerRule rule, std::size_t layer, std::size_t other, const std::string &path)
  {
    if (!counts(layer, rule))
      return;
    Danger &danger = found_[{layer, rule, other}];
    if (danger.count == 0)
      danger = {.rule = rule,
                .extension = layers_[layer]->name,
                .other = other == nobody ? "" : layers_[other]->name,
                .response = layers_[layer]->policy[rule]};
    ++danger.count;
    if (danger.paths.size() < paths_kept)
      danger.paths.push_back(path);
  }

  const DangerSearch &search_;
  std::vector<const DangerLayer *> layers_;
  std::map<std::tuple<std::size_t, DangerRule, std::size_t>, Danger> found_;
  std::size_t reading_ = 0;
};

} // namespace

DangerReport find_dangers(const DangerSearch &search)
{
  DangerReport report;
  for (;;) {
    Search run(search, report.faults);
    try {
      report.dangers = run.run();
      return report;
    } catch (const base::Error &error) {
      if (run.reading().name == system_name)
        throw;
      report.faults.emplace(run.reading().name, error); // and once more without it
    }
  }
}

} // namespace overlay
