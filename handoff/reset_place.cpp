// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_place.hpp"

#include "base/error.hpp"
#include "base/tree_copy.hpp"
#include "handoff/reset_rules.hpp"
#include "overlay/hierarchy.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <optional>

namespace handoff {

namespace {

using base::Kind;
using overlay::MountLine;

/// What the initrd mounted was named before it became the root.
constexpr std::string_view before_the_switch = "/sysroot";

/// What is written to one of these is reset where it lies, before anything is merged.
bool shows_extensions(const MountLine &mount)
{
  return mount.source == overlay::name(overlay::Class::sysext) ||
         mount.source == overlay::name(overlay::Class::confext);
}

std::string since_the_switch(std::string path)
{
  if (is_beneath(path, before_the_switch))
    path.erase(0, before_the_switch.size());
  return path;
}

std::vector<MountLine> mounts_on(const base::Host &host, const std::string &path)
{
  std::vector<MountLine> lines;
  if (host.is_running_system)
    for (MountLine &line : overlay::read_mount_table(host))
      if (line.target == path)
        lines.push_back(std::move(line));
  return lines;
}

/// By the mounts of the first process, which are the machine's: ours may be such a copy.
void refuse_out_of_sight(const base::Host &host, const std::vector<std::string> &names)
{
  if (!host.is_running_system)
    return;
  constexpr std::size_t table_limit = std::size_t{16} << 20U;
  const std::vector<MountLine> mounts =
      overlay::parse_mount_table(host.machine.text("proc/1/mountinfo", table_limit).value_or(""));
  for (const std::string &name : names)
    if (const auto mount = mounted_out_of_sight(mounts, name))
      base::fail(Kind::config,
                 "{} is mounted unbindable, so units that have mounts of their own do not see it, "
                 "and strake-reset.service would take it for what was written to {}; have it "
                 "mounted without that, in /etc/fstab or where it comes from",
                 *mount,
                 name);
}

bool can_be_written(const base::Dir &dir)
{
  struct statvfs found = {};
  if (::fstatvfs(dir.fd().number(), &found) < 0)
    base::fail_errno("cannot look at {}", dir.path());
  return (found.f_flag & ST_RDONLY) == 0;
}

std::optional<ResetPlace> open_place(const base::Host &host, const std::string &path)
{
  auto seen = host.root.find_dir(path);
  if (!seen)
    return std::nullopt;
  const std::string real = path_beneath(host, seen->fd());
  ResetPlace place{.path = path, .top = std::move(*seen), .names = {path}};
  if (real != path)
    place.names.push_back(real);
  refuse_out_of_sight(host, place.names);
  const WrittenBelow below = written_below(mounts_on(host, real), real);
  place.work = below.work;
  if (!below.upper.empty()) {
    auto upper = host.root.find_dir(below.upper);
    if (!upper)
      base::fail(Kind::not_found,
                 "{} is an overlay, and the directory {} that it writes to is not there; name the "
                 "directory in Places= of reset.conf, instead of {}",
                 path,
                 below.upper,
                 path);
    place.top = std::move(*upper);
    place.names.push_back(below.upper);
  } else if (below.covers > 0) {
    // What hangs nowhere opens nothing by itself.
    place.top = host.sys.copy_beneath(host.root, real, below.covers).again();
  }
  return can_be_written(place.top) ? std::optional(std::move(place)) : std::nullopt;
}

} // namespace

WrittenBelow written_below(const std::vector<MountLine> &mounts, const std::string &place)
{
  WrittenBelow below;
  for (auto mount = mounts.rbegin(); mount != mounts.rend() && mount->type == "overlay"; ++mount) {
    ++below.covers;
    if (shows_extensions(*mount) || mount->upper.empty())
      continue;
    const std::string upper = since_the_switch(mount->upper);
    if (upper != place)
      below.upper = upper;
    below.work = since_the_switch(mount->work);
    break;
  }
  return below;
}

std::optional<std::string> mounted_out_of_sight(const std::vector<MountLine> &mounts,
                                                const std::string &place)
{
  const auto found = std::find_if(mounts.begin(), mounts.end(), [&](const MountLine &mount) {
    return !mount.can_be_copied &&
           (is_beneath(mount.target, place) || is_beneath(place, mount.target));
  });
  return found == mounts.end() ? std::nullopt : std::optional(found->target);
}

std::string path_beneath(const base::Host &host, const base::Fd &fd)
{
  std::string real = base::path_of(fd);
  const std::string root = base::path_of(host.root.fd());
  if (root != "/" && is_beneath(real, root))
    real.erase(0, root.size());
  return real.empty() ? "/" : real;
}

std::vector<ResetPlace> open_places(const base::Host &host, const std::vector<std::string> &paths)
{
  std::vector<ResetPlace> places;
  for (const std::string &path : paths) {
    auto place = open_place(host, path);
    if (!place)
      continue;
    const struct stat wanted = base::status_of(place->top.fd());
    const auto same = std::find_if(places.begin(), places.end(), [&](const ResetPlace &other) {
      const struct stat found = base::status_of(other.top.fd());
      return found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino;
    });
    if (same == places.end())
      places.push_back(std::move(*place));
    else
      same->names.insert(same->names.end(), place->names.begin(), place->names.end());
  }
  return places;
}

} // namespace handoff
