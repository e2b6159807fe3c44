// SPDX-License-Identifier: Apache-2.0
#include "bakery/compose.hpp"

#include "bakery/libraries.hpp"
#include "base/error.hpp"
#include "base/tree_copy.hpp"
#include "base/tree_writer.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace bakery {

using base::Kind;

namespace {

constexpr mode_t program_mode = 0755;
constexpr mode_t file_mode = 0644;
constexpr int deepest = 100;

std::string joined(const std::string &path, const std::string &name)
{
  return path.empty() ? name : path + "/" + name;
}

/// A path as it is on systems whose /bin, /sbin and /lib are symlinks into /usr.
std::string merged(const std::string &path)
{
  static constexpr std::array<std::string_view, 6> moved = {
      "bin", "sbin", "lib", "lib32", "lib64", "libx32"};
  const std::string_view top = std::string_view(path).substr(0, path.find('/'));
  const bool is_moved = std::find(moved.begin(), moved.end(), top) != moved.end();
  return is_moved ? "usr/" + path : path;
}

class Composer {
public:
  Composer(const base::Host &host, const base::Dir &into, Pass pass)
      : sys_(host.sys), tree_(host.sys, into), pass_(pass),
        time_us_(pass == Pass::first ? 0 : std::int64_t{86'400'000'000})
  {
    tree_.directory("", attributes(program_mode));
  }

  void text(const std::string &path, std::string_view text, mode_t mode, const std::string &where)
  {
    const std::string place = take(path, where);
    base::Fd file = tree_.file(place);
    sys_.write_at(file, 0, std::as_bytes(std::span(text)));
    tree_.complete(std::move(file), attributes(mode));
  }

  void symlink(const std::string &path, const std::string &target, const std::string &where)
  {
    tree_.symlink(take(path, where), target, attributes(std::nullopt));
  }

  void file(const base::Fd &from, const std::string &path, mode_t mode, const std::string &where)
  {
    const std::string place = take(path, where);
    base::Fd file = tree_.file(place);
    sys_.copy(from, {.start = 0, .length = base::size_of(from)}, file, 0);
    tree_.complete(std::move(file), attributes(mode));
  }

  /// What lies at `path` of a source, to `placement.to`.
  void source(const Placement &placement, const Gathered &source);

  void finish() { tree_.finish(); }

private:
  struct Copy {
    const Placement &placement;
    bool keeps_modes; ///< those of an archive are the same for everybody
    int depth = 0;
  };

  [[nodiscard]] base::InodeAttributes attributes(std::optional<mode_t> mode) const
  {
    return {.attributes = {.mode = mode, .modified_us = time_us_}};
  }

  /// Notes that this path is taken; of one path there can be one file.
  std::string take(const std::string &path, const std::string &where)
  {
    std::string place = merged(path);
    const auto [found, is_new] = taken_.emplace(place, where);
    if (!is_new)
      base::fail(Kind::config,
                 "{}: /{} is put there already by {}; leave one of them out with \"except\"",
                 where,
                 place,
                 found->second);
    return place;
  }

  void copy(const base::Dir &from, const std::string &name, const std::string &to, const Copy &how);
  void copy_content(const base::Dir &from,
                    const std::string &below,
                    const std::string &to,
                    const Copy &how);
  [[nodiscard]] mode_t mode_of(const struct stat &status, const Copy &how) const;
  bool link_to_earlier(const struct stat &status, const std::string &to, const Copy &how);

  base::Sys &sys_;
  base::TreeWriter tree_;
  Pass pass_;
  std::int64_t time_us_;
  std::map<std::string, std::string> taken_; ///< path to its place in the recipe
  std::map<std::pair<dev_t, ino_t>, std::string> earlier_;
};

mode_t Composer::mode_of(const struct stat &status, const Copy &how) const
{
  constexpr mode_t all = 01777;
  if (how.placement.mode && S_ISREG(status.st_mode))
    return *how.placement.mode;
  // Whoever bakes must be able to read and remove it.
  if (how.keeps_modes)
    return (status.st_mode & all) | (S_ISDIR(status.st_mode) ? 0700U : 0400U);
  return S_ISDIR(status.st_mode) || (status.st_mode & 0111U) != 0 ? program_mode : file_mode;
}

bool Composer::link_to_earlier(const struct stat &status, const std::string &to, const Copy &how)
{
  if (!how.keeps_modes || status.st_nlink < 2)
    return false;
  const auto found = earlier_.find({status.st_dev, status.st_ino});
  if (found == earlier_.end()) {
    earlier_.emplace(std::pair{status.st_dev, status.st_ino}, merged(to));
    return false;
  }
  tree_.hard_link(take(to, how.placement.where), found->second);
  return true;
}

void Composer::copy(const base::Dir &from,
                    const std::string &name,
                    const std::string &to,
                    const Copy &how)
{
  const struct stat status = base::status_of(from.handle(name));
  if (S_ISDIR(status.st_mode)) {
    const auto dir = from.find_dir_no_symlinks(name);
    if (!dir)
      base::fail(Kind::busy, "{} was removed meanwhile", from.display(name));
    tree_.directory(merged(to), attributes(mode_of(status, how)));
    return copy_content(*dir, "", to, how);
  }
  if (S_ISLNK(status.st_mode))
    return symlink(to, from.link_target(name).value_or(""), how.placement.where);
  if (!S_ISREG(status.st_mode))
    base::fail(Kind::config,
               "{}: {} is no file, directory or symlink",
               how.placement.where,
               from.display(name));
  if (!link_to_earlier(status, to, how))
    file(from.file(name), to, mode_of(status, how), how.placement.where);
}

void Composer::copy_content(const base::Dir &from,
                            const std::string &below,
                            const std::string &to,
                            const Copy &how)
{
  if (how.depth > deepest)
    base::fail(Kind::config, "{} lies deeper than {} directories", from.path(), deepest);
  std::vector<base::DirEntry> entries = from.entries();
  if (pass_ == Pass::second)
    std::reverse(entries.begin(), entries.end());
  const auto &except = how.placement.except;
  for (const base::DirEntry &entry : entries) {
    const std::string path = joined(below, entry.name);
    if (std::find(except.begin(), except.end(), path) != except.end())
      continue;
    Copy deeper{.placement = how.placement, .keeps_modes = how.keeps_modes, .depth = how.depth + 1};
    if (entry.type == S_IFDIR) {
      const base::Dir dir = from.dir(entry.name);
      tree_.directory(merged(joined(to, entry.name)),
                      attributes(mode_of(base::status_of(dir.fd()), how)));
      copy_content(dir, path, joined(to, entry.name), deeper);
    } else {
      copy(from, entry.name, joined(to, entry.name), deeper);
    }
  }
}

void Composer::source(const Placement &placement, const Gathered &source)
{
  const Copy how{.placement = placement, .keeps_modes = source.input.kind != SourceKind::directory};
  if (!source.tree) {
    if (!placement.path.empty() || placement.to.empty())
      base::fail(Kind::config,
                 "{}: the source {} is one file, so \"to\" is its path in the image and there is "
                 "no \"path\" in it; to unpack it, say \"unpack: yes\" there",
                 placement.where,
                 placement.source);
    return file(source.file, placement.to, placement.mode.value_or(file_mode), placement.where);
  }
  if (placement.path.empty())
    return copy_content(*source.tree, "", placement.to, how);
  const base::SplitPath split = base::split_path(placement.path);
  const auto parent = source.tree->find_dir_no_symlinks(split.parent);
  const auto status = parent ? parent->status(split.name) : std::nullopt;
  if (!status)
    base::fail(Kind::config,
               "{}: the source {} has no {}",
               placement.where,
               placement.source,
               placement.path);
  if (S_ISDIR(status->st_mode))
    return copy_content(parent->dir(split.name), "", placement.to, how);
  copy(*parent, split.name, placement.to, how);
}

std::string unit_directory(const Recipe &recipe)
{
  return recipe.image_class == ImageClass::confext ? "etc/systemd/system"
                                                   : "usr/lib/systemd/system";
}

void place_unit(Composer &composer, const Recipe &recipe, const Unit &unit)
{
  const std::string directory = unit_directory(recipe);
  if (unit.text)
    composer.text(directory + "/" + unit.name, *unit.text, file_mode, unit.where);
  if (!unit.start.empty())
    // Upholds= and no symlink in .wants: it also starts the unit when the extension is merged into
    // a system that has long reached the target, once the manager reads its units anew.
    composer.text(fmt::format("{}/{}.d/50-{}.conf", directory, unit.start, unit.name),
                  fmt::format("[Unit]\nUpholds={}\n", unit.name),
                  file_mode,
                  unit.where);
}

const Gathered &find_gathered(const std::vector<Gathered> &sources, const std::string &id)
{
  return *std::find_if(sources.begin(), sources.end(), [&](const Gathered &source) {
    return source.input.id == id;
  });
}

bool is_extension(const Recipe &recipe)
{
  return recipe.image_class == ImageClass::sysext || recipe.image_class == ImageClass::confext;
}

} // namespace

std::string release_path(const Recipe &recipe)
{
  return fmt::format("{}/extension-release.d/extension-release.{}",
                     recipe.image_class == ImageClass::confext ? "etc" : "usr/lib",
                     recipe.name);
}

std::string release_text(const Recipe &recipe, const std::string &architecture)
{
  const bool is_sysext = recipe.image_class == ImageClass::sysext;
  std::string text = fmt::format("ID={}\n", recipe.match.os);
  const auto add = [&](std::string_view key, const std::string &value) {
    if (!value.empty())
      text += fmt::format("{}=\"{}\"\n", key, value);
  };
  add("VERSION_ID", recipe.match.version);
  add(is_sysext ? "SYSEXT_LEVEL" : "CONFEXT_LEVEL", recipe.match.level);
  if (architecture != any_architecture)
    text += fmt::format("ARCHITECTURE={}\n", architecture);
  if (!recipe.units.empty() || !recipe.restart.empty() || !recipe.reload.empty())
    text += "EXTENSION_RELOAD_MANAGER=1\n";
  add("EXTENSION_RESTART_UNITS", fmt::format("{}", fmt::join(recipe.restart, " ")));
  add("EXTENSION_RELOAD_OR_RESTART_UNITS", fmt::format("{}", fmt::join(recipe.reload, " ")));
  for (const auto &[key, value] : recipe.release)
    add(key, value);
  return text;
}

void compose(const base::Host &host,
             const Recipe &recipe,
             const std::string &architecture,
             const std::vector<Gathered> &sources,
             const base::Dir &into,
             Pass pass)
{
  Composer composer(host, into, pass);
  for (const Placement &placement : recipe.files)
    base::during(fmt::format("{}: putting /{} into the image", placement.where, placement.to), [&] {
      if (placement.text)
        composer.text(
            placement.to, *placement.text, placement.mode.value_or(file_mode), placement.where);
      else if (!placement.link.empty())
        composer.symlink(placement.to, placement.link, placement.where);
      else
        composer.source(placement, find_gathered(sources, placement.source));
    });
  for (const Placement &placement : recipe.files)
    if (!placement.libraries.empty())
      for (const Library &library : needed_libraries(sources, placement))
        composer.file(
            library.file, placement.libraries + "/" + library.name, file_mode, placement.where);
  for (const Unit &unit : recipe.units)
    place_unit(composer, recipe, unit);
  if (is_extension(recipe))
    composer.text(release_path(recipe), release_text(recipe, architecture), file_mode, recipe.name);
  composer.finish();
  set_library_paths(host, recipe, sources, into);
}

} // namespace bakery
