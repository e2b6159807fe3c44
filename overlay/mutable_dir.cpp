// SPDX-License-Identifier: Apache-2.0
#include "overlay/mutable_dir.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

#include <sys/statvfs.h>

namespace overlay {

namespace {

using base::Kind;
using Use = MutableDir::Use;

bool is_same(const base::Dir &one, const base::Dir &other)
{
  const auto left = one.status(".");
  const auto right = other.status(".");
  return left && right && left->st_dev == right->st_dev && left->st_ino == right->st_ino;
}

/// Nothing if it is missing, or a symlink to nowhere.
std::optional<base::Dir> existing(const base::Host &host, const std::string &path)
{
  if (!host.root.target_status(path))
    return std::nullopt;
  return host.root.dir(path);
}

/// Where symlinks at the end of a path lead to, beneath the root, whether that exists or not.
std::string end_of(const base::Host &host, std::string path)
{
  constexpr int most_links = 40; // as the kernel has it
  for (int left = most_links; left > 0; --left) {
    const auto target = host.root.link_target(path);
    if (!target)
      return path;
    path = target->starts_with('/') ? *target
                                    : fmt::format("{}/{}", base::split_path(path).parent, *target);
  }
  base::fail(Kind::config, "{} is a circle of symlinks", host.root.display(path));
}

void check_mode(const base::Dir &dir, mode_t mode)
{
  const mode_t found = dir.status(".").value().st_mode & 0777U;
  if (found != mode)
    base::fail(Kind::config,
               "the mutable directory {} has mode {:04o}, and the hierarchy {:04o}; make them the "
               "same, since the merged hierarchy gets the mode of the former",
               dir.path(),
               found,
               mode);
}

void check_writable(const base::Dir &dir)
{
  struct statvfs found = {};
  if (::fstatvfs(dir.fd().number(), &found) < 0)
    base::fail_errno("cannot look at the file system of {}", dir.path());
  if ((found.f_flag & ST_RDONLY) != 0)
    base::fail_os(EROFS, "{} cannot take the writes of a mutable hierarchy", dir.path());
}

/// Fills in where an upper directory lies.
MutableDir beside(const base::Host &host, const base::Dir &dir, Use use)
{
  check_writable(dir);
  // Its real path, since symlinks may lead to it; beneath a root that is "/" for the kernel.
  std::string real = base::path_of(dir.fd());
  const std::string root = base::path_of(host.root.fd());
  if (root != "/" && real.starts_with(root + "/"))
    real.erase(0, root.size());
  base::SplitPath split = base::split_path(real);
  std::string parent_path = split.parent;
  parent_path.erase(0, parent_path.find_first_not_of('/'));
  return {.use = use,
          .parent = host.root.dir(split.parent.empty() ? "." : split.parent),
          .parent_path = std::move(parent_path),
          .name = std::move(split.name)};
}

std::optional<base::Dir> imported_dir(const base::Host &host, const Hierarchy &hierarchy)
{
  auto dir = existing(host, mutable_path(hierarchy.path));
  if (dir && hierarchy.top && is_same(*dir, *hierarchy.top))
    base::fail_os(ELOOP,
                  "{} leads to the hierarchy {} itself, which cannot be imported into itself",
                  dir->path(),
                  hierarchy.path);
  return dir;
}

MutableDir upper_dir(const base::Host &host,
                     const Hierarchy &hierarchy,
                     const std::optional<base::Dir> &dir,
                     mode_t mode)
{
  if (!dir)
    return {};
  const bool is_self = hierarchy.top && is_same(*dir, *hierarchy.top);
  if (!is_self)
    check_mode(*dir, mode);
  return beside(host, *dir, is_self ? Use::host_is_upper : Use::upper);
}

base::Dir made_dir(const base::Host &host, const std::string &hierarchy, mode_t mode)
{
  const std::string path = end_of(host, mutable_path(hierarchy));
  base::Dir dir = base::make_path(host.sys, host.root, path, 0700);
  host.sys.set_attributes(dir.fd(), {.mode = mode});
  return dir;
}

} // namespace

std::string mutable_path(const std::string &hierarchy)
{
  return "/var/lib/extensions.mutable/" + as_component(hierarchy);
}

MutableDir find_mutable_dir(const base::Host &host,
                            const Hierarchy &hierarchy,
                            Mutability mutability,
                            mode_t mode)
{
  auto dir = existing(host, mutable_path(hierarchy.path));
  switch (mutability) {
  case Mutability::no:
    return {};
  case Mutability::yes:
    if (!dir)
      dir = made_dir(host, hierarchy.path, mode);
    return upper_dir(host, hierarchy, dir, mode);
  case Mutability::automatic:
    return upper_dir(host, hierarchy, dir, mode);
  case Mutability::import:
    return {.imported = imported_dir(host, hierarchy)};
  case Mutability::ephemeral:
    return {.use = Use::ephemeral};
  case Mutability::ephemeral_import:
    return {.use = Use::ephemeral, .imported = imported_dir(host, hierarchy)};
  }
  base::fail(Kind::internal, "no such mutable mode");
}

} // namespace overlay
