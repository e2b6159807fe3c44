// SPDX-License-Identifier: Apache-2.0
#include "base/durable.hpp"

#include "base/error.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <string>

namespace base {

namespace {

std::string temporary_name(std::string_view name)
{
  return fmt::format(".{}.new", name);
}

void remove_if_there(Sys &sys, const Dir &dir, const std::string &name)
{
  if (dir.status(name))
    sys.remove(dir, name, Remove::file);
}

/// btrfs gives the top of each subvolume this inode number.
constexpr ino_t subvolume_inode = 256;

} // namespace

void replace_file(
    Sys &sys, const Dir &dir, std::string_view name, std::string_view text, mode_t mode)
{
  const std::string temporary = temporary_name(name);
  remove_if_there(sys, dir, temporary);
  Fd file = sys.create(dir, temporary, mode);
  sys.write_at(file, 0, std::as_bytes(std::span(text)));
  sys.sync(file); // the text before the name, or the name could lead to an empty file
  sys.close(std::move(file));
  sys.rename(dir, temporary, dir, name, Replace::yes);
  sys.sync(dir);
}

void replace_symlink(Sys &sys, const Dir &dir, std::string_view name, std::string_view target)
{
  const std::string temporary = temporary_name(name);
  remove_if_there(sys, dir, temporary);
  sys.symlink(target, dir, temporary);
  sys.rename(dir, temporary, dir, name, Replace::yes);
  sys.sync(dir);
}

Dir make_path(Sys &sys, const Dir &root, std::string_view path, mode_t mode)
{
  if (auto there = root.find_dir(path))
    return std::move(*there);
  const SplitPath split = split_path(path);
  if (split.name.empty())
    return root.again();
  const Dir parent = make_path(sys, root, split.parent.empty() ? "/" : split.parent, mode);
  try {
    sys.make_dir(parent, split.name, mode);
  } catch (const Error &) {
    if (!root.find_dir(path)) // made by another run since we looked: just as good
      throw;
  }
  sys.sync(parent);
  return root.dir(path);
}

void remove_tree(Sys &sys, const Dir &dir, std::string_view name)
{
  const auto found = dir.status(name);
  if (!found)
    return;
  if (!S_ISDIR(found->st_mode)) {
    sys.remove(dir, name, Remove::file);
    return;
  }
  const auto tree = dir.find_dir_no_symlinks(name);
  if (!tree)
    fail(Kind::busy, "{} changed while it was being removed", dir.display(name));
  sys.set_immutable(tree->fd(), false); // ReadOnly=yes set it
  if (is_subvolume(*tree)) {
    sys.set_subvolume_read_only(*tree, false);
    sys.remove(dir, name, Remove::subvolume);
    return;
  }
  for (const DirEntry &entry : tree->entries())
    remove_tree(sys, *tree, entry.name);
  sys.remove(dir, name, Remove::directory);
}

bool is_subvolume(const Dir &dir)
{
  struct stat found = {};
  struct statfs file_system = {};
  return ::fstat(dir.fd().number(), &found) == 0 && found.st_ino == subvolume_inode &&
         ::fstatfs(dir.fd().number(), &file_system) == 0 && file_system.f_type == BTRFS_SUPER_MAGIC;
}

} // namespace base
