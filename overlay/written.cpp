// SPDX-License-Identifier: Apache-2.0
#include "overlay/written.hpp"

#include "base/error.hpp"
#include "base/tree_copy.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/merged_layers.hpp"
#include "overlay/mutable_dir.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <set>

namespace overlay {

namespace {

using base::Dir;
using base::Kind;
using Change = WrittenPath::Change;

/// Each level holds three descriptors open; a process has 1024 by default.
constexpr int deepest = 300;

bool is_writable(const Dir &dir)
{
  struct statvfs found = {};
  if (::fstatvfs(dir.fd().number(), &found) < 0)
    base::fail_errno("cannot look at the file system of {}", dir.path());
  return (found.f_flag & ST_RDONLY) == 0;
}

/// As compose() stacks them: layers, upper, cover.
constexpr unsigned stacked_mounts = 3;

bool keeps_views(const Hierarchy &hierarchy)
{
  return hierarchy.kept_mounts == stacked_mounts;
}

std::string place_of_views(const Hierarchy &hierarchy, Class extension_class)
{
  return fmt::format("{}/{}/{}", hierarchy.path, facts(extension_class).metadata, kept_views);
}

Dir alone(const base::Host &host, const Dir &dir)
{
  return {host.sys.copy_mount(dir.fd(), base::Depth::one_mount), dir.path()};
}

Dir open_mutable(const base::Host &host, const Hierarchy &hierarchy, const UpperDir &upper)
{
  const auto dir = host.root.find_dir_no_symlinks(upper.path);
  if (!dir || inode_text(*dir) != upper.inode)
    base::fail(Kind::not_found,
               "{} is not the directory any more that {} writes to; put that one back, or have "
               "this one written to by `strake ext refresh --always-refresh=yes`",
               host.root.display(upper.path),
               hierarchy.path);
  Dir copy = alone(host, *dir);
  host.sys.forbid_writing(copy.fd());
  return copy;
}

/// Nothing if nobody has written down which layers there are.
std::optional<Dir>
find_below(const base::Host &host, const Request &request, const Hierarchy &hierarchy)
{
  const Class own = request.extension_class;
  if (keeps_views(hierarchy))
    return host.sys.copy_beneath(host.root, place_of_views(hierarchy, own), 2);
  if (!parse_generation(read_merged(hierarchy, own).generation))
    return std::nullopt;
  return compose_below(host, request, hierarchy);
}

/// A mutable directory that is a symlink to the hierarchy leads to what is merged there now.
bool is_own_upper(const base::Host &host, const Hierarchy &hierarchy)
{
  const auto mutable_dir = host.root.target_status(mutable_path(hierarchy.path));
  const auto top = hierarchy.top->status(".");
  return mutable_dir && top && mutable_dir->st_dev == top->st_dev &&
         mutable_dir->st_ino == top->st_ino;
}

Written look_at(const base::Host &host, const Request &request, const Hierarchy &hierarchy)
{
  Written written{.hierarchy = hierarchy.path, .is_ephemeral = keeps_views(hierarchy)};
  auto upper = find_upper(host, hierarchy, request.extension_class);
  auto below = upper ? find_below(host, request, hierarchy) : std::nullopt;
  if (below) {
    written.place = Written::Place::apart;
    written.views.emplace(Views{alone(host, *hierarchy.top), std::move(*below), std::move(*upper)});
  } else if (is_own_upper(host, hierarchy)) {
    written.place = Written::Place::in_base;
  }
  return written;
}

/// The attribute by which this upper directory hides the one below, if it does: because it is a new
/// one, or because it came from another place, from which it still has what is below there.
std::optional<std::string> opaque_attribute(const Dir &upper)
{
  for (const std::string prefix : {"trusted.overlay.", "user.overlay."}) {
    std::array<char, 2> value{};
    const ssize_t length =
        ::fgetxattr(upper.fd().number(), (prefix + "opaque").c_str(), value.data(), value.size());
    const bool is_moved =
        ::fgetxattr(upper.fd().number(), (prefix + "redirect").c_str(), nullptr, 0) >= 0;
    if (is_moved || (length == 1 && value.front() == 'y'))
      return prefix + "opaque";
  }
  return std::nullopt;
}

bool is_same_content(const base::Fd &one, const base::Fd &other)
{
  constexpr std::size_t step = std::size_t{64} << 10U;
  std::array<std::vector<std::byte>, 2> buffers{std::vector<std::byte>(step),
                                                std::vector<std::byte>(step)};
  for (std::uint64_t at = 0;; at += step) {
    const std::size_t left = base::read_at(one, at, buffers[0]);
    const std::size_t right = base::read_at(other, at, buffers[1]);
    if (left != right || !std::equal(buffers[0].begin(),
                                     buffers[0].begin() + static_cast<std::ptrdiff_t>(left),
                                     buffers[1].begin()))
      return false;
    if (left < step)
      return true;
  }
}

/// One name in two directories.
struct Pair {
  const Dir &merged;
  const Dir &below;
  const std::string &name;
  struct stat now;
  struct stat before;
};

bool has_same_content(const Pair &pair)
{
  switch (pair.now.st_mode & S_IFMT) {
  case S_IFREG:
    return pair.now.st_size == pair.before.st_size &&
           is_same_content(pair.merged.file(pair.name), pair.below.file(pair.name));
  case S_IFLNK:
    return pair.merged.link_target(pair.name) == pair.below.link_target(pair.name);
  case S_IFCHR:
  case S_IFBLK:
    return pair.now.st_rdev == pair.before.st_rdev;
  default:
    return true;
  }
}

bool has_same_attributes(const Pair &pair)
{
  if (!S_ISREG(pair.now.st_mode) && !S_ISDIR(pair.now.st_mode))
    return true;
  const auto read = [&](const Dir &dir) {
    return base::extended_of(dir.file(pair.name), base::possible_owners());
  };
  return read(pair.merged) == read(pair.below);
}

std::vector<std::string_view> compare(const Pair &pair)
{
  constexpr mode_t permissions = 07777;
  std::vector<std::string_view> what;
  if ((pair.now.st_mode & S_IFMT) != (pair.before.st_mode & S_IFMT))
    return {"type"};
  if (!has_same_content(pair))
    what.emplace_back("content");
  if ((pair.now.st_mode & permissions) != (pair.before.st_mode & permissions))
    what.emplace_back("mode");
  if (pair.now.st_uid != pair.before.st_uid || pair.now.st_gid != pair.before.st_gid)
    what.emplace_back("owner");
  if (!has_same_attributes(pair))
    what.emplace_back("attributes");
  return what;
}

std::optional<Dir> dir_or_none(const Dir *parent, const std::string &name)
{
  const auto status = parent != nullptr ? parent->status(name) : std::nullopt;
  return status && S_ISDIR(status->st_mode) ? parent->find_dir_no_symlinks(name) : std::nullopt;
}

const Dir *pointer(const std::optional<Dir> &dir)
{
  return dir ? &*dir : nullptr;
}

/// A directory from its three sides.
struct Level {
  const Dir &merged;
  const Dir *below; ///< none if there is no such directory
  const Dir *upper; ///< says which names to look at; without it all are
  const std::string &path;
  int depth;
};

std::set<std::string> names_in(const Level &level)
{
  std::set<std::string> names;
  const auto add = [&](const Dir &dir) {
    for (base::DirEntry &entry : dir.entries())
      names.insert(std::move(entry.name));
  };
  add(level.upper != nullptr ? *level.upper : level.merged);
  if (level.upper == nullptr && level.below != nullptr)
    add(*level.below);
  return names;
}

class Comparison {
public:
  explicit Comparison(Class extension_class) : metadata_(facts(extension_class).metadata) {}

  void compare_directories(const Level &level)
  {
    if (level.depth > deepest)
      base::fail(Kind::config, "{} lies deeper than {} directories", level.merged.path(), deepest);
    for (const std::string &name : names_in(level))
      if (level.depth > 0 || name != metadata_)
        compare_entries(level, name);
  }

  std::vector<WrittenPath> found;

private:
  void compare_entries(const Level &level, const std::string &name)
  {
    const std::string path = level.path.empty() ? name : level.path + "/" + name;
    const auto now = level.merged.status(name);
    const auto before = level.below != nullptr ? level.below->status(name) : std::nullopt;
    if (!now && !before)
      return;
    if (!now) {
      found.push_back({.path = path, .change = Change::removed, .type = before->st_mode & S_IFMT});
      return;
    }
    auto upper = dir_or_none(level.upper, name);
    const auto hiding = upper ? opaque_attribute(*upper) : std::nullopt;
    if (!before)
      found.push_back({.path = path, .change = Change::added, .type = now->st_mode & S_IFMT});
    else
      add_change({level.merged, *level.below, name, *now, *before}, path, hiding);
    if (hiding)
      upper.reset(); // what it has of another place is not in it
    const auto merged = dir_or_none(&level.merged, name);
    const auto below = dir_or_none(level.below, name);
    if (merged)
      compare_directories({*merged, pointer(below), pointer(upper), path, level.depth + 1});
  }

  void
  add_change(const Pair &pair, const std::string &path, const std::optional<std::string> &hiding)
  {
    WrittenPath difference{.path = path, .type = pair.now.st_mode & S_IFMT, .what = compare(pair)};
    if (hiding && S_ISDIR(pair.before.st_mode)) {
      difference.what.emplace_back("replaced");
      difference.opaque_attribute = *hiding;
    }
    if (!difference.what.empty())
      found.push_back(std::move(difference));
  }

  std::string_view metadata_;
};

} // namespace

std::vector<Written> find_written(const base::Host &host,
                                  const Request &request,
                                  const std::vector<std::string> &hierarchies)
{
  const auto table = read_mount_table(host);
  std::vector<Written> found;
  for (const std::string &path : hierarchies) {
    const Hierarchy hierarchy = find_hierarchy(host, request.extension_class, path, table);
    if (hierarchy.is_merged() && is_writable(*hierarchy.top))
      found.push_back(base::during(path, [&] { return look_at(host, request, hierarchy); }));
  }
  return found;
}

std::optional<Dir>
find_upper(const base::Host &host, const Hierarchy &hierarchy, Class extension_class)
{
  if (keeps_views(hierarchy)) {
    const std::string place = place_of_views(hierarchy, extension_class);
    return host.sys.copy_beneath(host.root, place, 1).dir("upper"); // of the memory that holds it
  }
  const auto upper = read_merged(hierarchy, extension_class).upper;
  return upper ? std::optional(open_mutable(host, hierarchy, *upper)) : std::nullopt;
}

std::vector<WrittenPath> written_paths(const Views &views, Class extension_class)
{
  Comparison comparison(extension_class);
  const std::string top;
  comparison.compare_directories({views.merged, &views.below, &views.upper, top, 0});
  return std::move(comparison.found);
}

} // namespace overlay
