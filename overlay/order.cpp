// SPDX-License-Identifier: Apache-2.0
#include "overlay/order.hpp"

#include "base/error.hpp"
#include "base/version.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

namespace overlay {

namespace {

using Names = std::vector<std::string>;

struct Extension {
  std::string name;
  ExtensionSettings settings;
  std::optional<Verdict> left_out{};
};

/// Lowest layer first, as if there were no After=. Names may be equal as versions and yet two.
bool lies_lower(const Extension &one, const Extension &other)
{
  if (one.settings.priority != other.settings.priority)
    return one.settings.priority < other.settings.priority;
  const auto order = base::compare_versions(one.name, other.name);
  return order != 0 ? order < 0 : one.name < other.name;
}

class Selection {
public:
  Selection(const Names &names, const std::map<std::string, ExtensionSettings> &settings)
  {
    for (const std::string &name : std::set<std::string>(names.begin(), names.end())) {
      const auto found = settings.find(name);
      extensions_.push_back({name, found == settings.end() ? ExtensionSettings{} : found->second});
    }
    std::sort(extensions_.begin(), extensions_.end(), lies_lower);
  }

  std::vector<Extension> run()
  {
    drop_disabled();
    drop_conflicting();
    drop_lacking();
    return std::move(extensions_);
  }

  std::vector<Extension> run_without(const std::vector<LeftOut> &gone)
  {
    for (const LeftOut &each : gone)
      for (Extension &extension : extensions_)
        if (extension.name == each.name)
          extension.left_out = each.verdict;
    drop_lacking();
    return std::move(extensions_);
  }

private:
  void drop_lacking()
  {
    while (drop_one_that_lacks())
      ;
  }

  [[nodiscard]] const Extension *find(const std::string &name) const
  {
    const auto found = std::find_if(extensions_.begin(),
                                    extensions_.end(),
                                    [&](const Extension &each) { return each.name == name; });
    return found == extensions_.end() ? nullptr : &*found;
  }

  void drop_disabled()
  {
    for (Extension &each : extensions_)
      if (!each.settings.enabled)
        each.left_out = Verdict{
            .fits = false,
            .rule = "disabled",
            .why = fmt::format("{} is switched off by its settings (Enabled=no)", each.name),
            .fix = fmt::format("strake ext enable {}", each.name),
        };
  }

  /// All conflicts are judged by what is enabled, so that the order of judging changes nothing.
  void drop_conflicting()
  {
    std::vector<std::pair<Extension *, Verdict>> found;
    for (Extension &each : extensions_) {
      if (each.left_out)
        continue;
      for (const std::string &name : each.settings.conflicts)
        if (const Extension *other = find(name); other && !other->left_out && yields(each, *other))
          found.emplace_back(&each, conflict(each, *other));
    }
    for (auto &[extension, verdict] : found)
      if (!extension->left_out)
        extension->left_out = std::move(verdict);
  }

  /// Whether `one`, which names `other` as a conflict, is the one that goes.
  static bool yields(const Extension &one, const Extension &other)
  {
    const Names &back = other.settings.conflicts;
    const bool is_mutual = std::find(back.begin(), back.end(), one.name) != back.end();
    return !is_mutual || lies_lower(one, other);
  }

  static Verdict conflict(const Extension &one, const Extension &other)
  {
    return {
        .fits = false,
        .rule = "conflicts",
        .why = fmt::format("{} conflicts with {}, which is there", one.name, other.name),
        .fix = fmt::format("strake ext disable {}", other.name),
    };
  }

  bool drop_one_that_lacks()
  {
    for (Extension &each : extensions_) {
      if (each.left_out)
        continue;
      for (const std::string &name : each.settings.required)
        if (const Extension *other = find(name); !other || other->left_out) {
          each.left_out = lacks(each.name, name, other);
          return true;
        }
    }
    return false;
  }

  static Verdict lacks(const std::string &name, const std::string &needed, const Extension *other)
  {
    return {
        .fits = false,
        .rule = "requires",
        .why = other ? fmt::format("{} requires {}, which is left out itself: {}",
                                   name,
                                   needed,
                                   other->left_out->why)
                     : fmt::format(
                           "{} requires {}, of which no image that fits was found", name, needed),
        .fix = other ? other->left_out->fix
                     : fmt::format("install {}, or take it out of Requires= of {}", needed, name),
    };
  }

  std::vector<Extension> extensions_;
};

/// Those that go on top of each other in a circle, each on top of the next. Every one of `waiting`
/// is after another one of them, so that following these must come back to where it was.
std::string circle_of(const std::vector<const Extension *> &waiting)
{
  Names path;
  const Extension *each = waiting.front();
  for (;;) {
    const auto seen = std::find(path.begin(), path.end(), each->name);
    const bool is_round = seen != path.end();
    if (is_round)
      path.erase(path.begin(), seen);
    path.push_back(each->name);
    if (is_round)
      return fmt::format("{}", fmt::join(path, " after "));
    each = *std::find_if(waiting.begin(), waiting.end(), [&](const Extension *other) {
      const Names &after = each->settings.after;
      return std::find(after.begin(), after.end(), other->name) != after.end();
    });
  }
}

/// Takes the lowest of those whose After= is satisfied, again and again.
Names ordered(std::vector<const Extension *> waiting)
{
  Names result;
  while (!waiting.empty()) {
    const auto next = std::find_if(waiting.begin(), waiting.end(), [&](const Extension *each) {
      const Names &after = each->settings.after;
      return std::none_of(waiting.begin(), waiting.end(), [&](const Extension *other) {
        return std::find(after.begin(), after.end(), other->name) != after.end();
      });
    });
    if (next == waiting.end())
      base::fail(base::Kind::config,
                 "the After= of these extensions goes round in a circle: {}; take one of them out",
                 circle_of(waiting));
    result.push_back((*next)->name);
    waiting.erase(next);
  }
  return result;
}

void refuse_below_after_above(const std::vector<const Extension *> &below,
                              const std::vector<const Extension *> &above)
{
  for (const Extension *low : below)
    for (const Extension *high : above) {
      const Names &after = low->settings.after;
      if (std::find(after.begin(), after.end(), high->name) != after.end())
        base::fail(base::Kind::config,
                   "the extension {} is to be below the system (Below=yes) and above {} (After=), "
                   "which is not; take one of the two out",
                   low->name,
                   high->name);
    }
}

} // namespace

Arrangement arrange(const std::vector<std::string> &names,
                    const std::map<std::string, ExtensionSettings> &settings)
{
  const std::vector<Extension> extensions = Selection(names, settings).run();
  Arrangement result;
  std::vector<const Extension *> above;
  std::vector<const Extension *> below;
  for (const Extension &each : extensions) {
    if (each.left_out)
      result.left_out.push_back({each.name, *each.left_out});
    else
      (each.settings.below ? below : above).push_back(&each);
  }
  refuse_below_after_above(below, above);
  result.above = ordered(std::move(above));
  result.below = ordered(std::move(below));
  return result;
}

std::vector<LeftOut> dragged_along(const Names &names,
                                   const std::map<std::string, ExtensionSettings> &settings,
                                   const std::vector<LeftOut> &gone)
{
  std::vector<LeftOut> result;
  for (Extension &each : Selection(names, settings).run_without(gone))
    if (each.left_out)
      result.push_back({each.name, std::move(*each.left_out)});
  return result;
}

} // namespace overlay
