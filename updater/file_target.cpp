// SPDX-License-Identifier: Apache-2.0
#include "updater/file_target.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <limits>
#include <optional>
#include <utility>

namespace updater {

namespace {

bool is_vfat(const base::Dir &dir)
{
  struct statfs found = {};
  return ::fstatfs(dir.fd().number(), &found) == 0 && found.f_type == MSDOS_SUPER_MAGIC;
}

std::string marked(std::string_view prefix, const std::string &name)
{
  return std::string(prefix) + name;
}

base::SplitPath split(const std::string &below)
{
  return base::split_path(below);
}

OpenName name_in(const Place &place, base::Dir parent, std::string name)
{
  const bool treat_as_vfat = place.is_boot || is_vfat(parent);
  return {std::move(parent), std::move(name), treat_as_vfat};
}

/// The directory an existing instance lies in, or nothing.
std::optional<OpenName> find_name(const Place &place, const std::string &below)
{
  if (!place.dir)
    return std::nullopt;
  const base::SplitPath path = split(below);
  auto parent = path.parent.empty() ? std::optional(place.dir->again())
                                    : place.dir->find_dir_no_symlinks(path.parent);
  if (!parent)
    return std::nullopt;
  return name_in(place, std::move(*parent), path.name);
}

bool is_file(const base::Dir &dir, const std::string &name)
{
  const auto status = dir.status(name);
  return status && S_ISREG(status->st_mode);
}

/// Said before a change that is sure to fail, and once more after a removal: that can be what makes
/// Linux find that a vfat is not in order.
void expect_writable(const OpenName &place)
{
  struct statvfs found = {};
  if (::fstatvfs(place.parent.fd().number(), &found) < 0)
    base::fail_errno("cannot learn whether {} can be written to", place.parent.path());
  if (place.is_vfat && (found.f_flag & ST_RDONLY) != 0)
    base::fail(base::Kind::io,
               "the file system of {} is mounted read-only, so nothing can be installed or removed "
               "there; if it was writable before, Linux has met an error in it, which `journalctl "
               "-k` shows: unmount it, mend it with fsck.vfat -a, and mount it again; where fstab "
               "has a 2 at the end of its line and fsck.vfat is installed, each boot does that",
               place.parent.path());
}

void remove_empty_parents(base::Sys &sys, const Place &place, std::string below)
{
  for (below = split(below).parent; !below.empty(); below = split(below).parent) {
    const auto dir = place.dir->find_dir_no_symlinks(below);
    if (!dir || !dir->entries().empty())
      return;
    const auto above = find_name(place, below);
    sys.remove(above->parent, above->name, base::Remove::directory);
    sys.sync(above->parent);
  }
}

/// A file of its own, which must be on stable storage again after it was renamed.
void sync_file_again(base::Sys &sys, const base::Dir &parent, const std::string &name)
{
  if (is_file(parent, name))
    sys.sync(parent.file(name));
}

void rename_durably(base::Sys &sys,
                    const base::Dir &parent,
                    const std::string &from,
                    const std::string &to,
                    bool on_vfat)
{
  std::optional<base::Fd> replaced; // as in remove_in_order
  if (on_vfat && is_file(parent, to))
    replaced = parent.file(to);
  sys.rename(parent, from, parent, to, base::Replace::yes);
  // The directory first: on vfat the new name leads to nothing yet, so a cut never leaves two names
  // for the same clusters, of which removing the one would free those of the other.
  sys.sync(parent);
  if (on_vfat)
    sync_file_again(sys, parent, to);
  if (replaced)
    sys.close(std::move(*replaced));
}

/// As remove_boot_file, but what freed the clusters is not on stable storage yet.
void remove_in_order(base::Sys &sys, const base::Dir &dir, const std::string &name)
{
  base::Fd held = dir.file(name);
  sys.remove(dir, name, base::Remove::file);
  sys.sync(dir);
  sys.close(std::move(held));
}

/// A tree is removed entry by entry. So that half of one never counts as installed or acquired, it
/// first gets the name of what is not finished; gives that name. Files go at once, with their own.
std::string out_of_effect(base::Sys &sys, const base::Dir &parent, const std::string &name)
{
  const auto status = parent.status(name);
  if (!status || !S_ISDIR(status->st_mode) || name.starts_with(partial_prefix))
    return name;
  const bool is_pending = name.starts_with(pending_prefix);
  const std::string partial =
      marked(partial_prefix, is_pending ? name.substr(pending_prefix.size()) : name);
  base::remove_tree(sys, parent, partial);
  sys.set_immutable(parent.dir(name).fd(), false); // ReadOnly=yes set it
  sys.rename(parent, name, parent, partial, base::Replace::yes);
  sys.sync(parent);
  return partial;
}

} // namespace

OpenName open_name(base::Sys &sys, Place &place, const std::string &below)
{
  const base::SplitPath path = split(below);
  const base::Dir &top = make_place(sys, place);
  if (path.parent.empty())
    return name_in(place, top.again(), path.name);
  base::make_path(sys, top, path.parent);
  auto parent = top.find_dir_no_symlinks(path.parent);
  if (!parent)
    base::fail(base::Kind::busy, "{} changed while it was being made", top.display(path.parent));
  return name_in(place, std::move(*parent), path.name);
}

Extent NewFile::extent() const
{
  return {&fd,
          0,
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()),
          place.parent.display(place.name)};
}

void discard_partial(base::Sys &sys, const OpenName &place)
{
  const std::string partial = marked(partial_prefix, place.name);
  if (place.is_vfat && is_file(place.parent, partial))
    remove_in_order(sys, place.parent, partial);
  else
    base::remove_tree(sys, place.parent, partial);
}

NewFile make_file(base::Sys &sys,
                  Place &place,
                  const std::string &below,
                  std::optional<std::uint64_t> length)
{
  OpenName name = open_name(sys, place, below);
  expect_writable(name);
  discard_partial(sys, name);
  expect_writable(name);
  std::string temporary = marked(partial_prefix, name.name);
  base::Fd fd = sys.create(name.parent, temporary, 0600);
  if (name.is_vfat && length)
    reserve_boot_file(sys, name.parent, fd, *length);
  return {std::move(name), std::move(temporary), std::move(fd), {}};
}

void settle_file(base::Sys &sys, const NewFile &file, const Metadata &fields)
{
  constexpr mode_t default_mode = 0644;
  constexpr mode_t write_bits = 0222;
  mode_t mode = fields.mode.value_or(default_mode);
  if (fields.read_only.value_or(false))
    mode &= ~write_bits;
  base::Attributes attributes;
  attributes.mode = mode;
  if (fields.modified_us)
    attributes.modified_us = static_cast<std::int64_t>(*fields.modified_us);
  sys.set_attributes(file.fd, attributes);
  if (file.place.is_vfat)
    sync_boot_file(sys, file.place.parent, file.fd);
  else
    sys.sync(file.fd);
}

void publish_file(base::Sys &sys, NewFile &file, std::string_view prefix)
{
  const std::string name = marked(prefix, file.place.name);
  rename_durably(sys, file.place.parent, file.temporary, name, file.place.is_vfat);
  file.temporary = name;
}

void publish_pending(base::Sys &sys, Place &place, const std::string &below)
{
  const OpenName name = open_name(sys, place, below);
  rename_durably(sys, name.parent, marked(pending_prefix, name.name), name.name, name.is_vfat);
}

void withdraw_file(base::Sys &sys, Place &place, const std::string &below)
{
  const OpenName name = open_name(sys, place, below);
  const auto status = name.parent.status(name.name);
  if (status && S_ISDIR(status->st_mode)) // ReadOnly= may have made it immutable
    sys.set_immutable(name.parent.dir(name.name).fd(), false);
  rename_durably(sys, name.parent, name.name, marked(pending_prefix, name.name), name.is_vfat);
}

void rename_boot_file(base::Sys &sys,
                      const base::Dir &dir,
                      const std::string &from,
                      const std::string &to)
{
  rename_durably(sys, dir, from, to, true);
}

void reserve_boot_file(base::Sys &sys,
                       const base::Dir &dir,
                       const base::Fd &file,
                       std::uint64_t length)
{
  sys.allocate(file, length);
  sync_boot_file(sys, dir, file);
}

void sync_boot_file(base::Sys &sys, const base::Dir &dir, const base::Fd &file)
{
  sys.sync(dir); // this brings all of the FAT, but of the file no more than its name
  sys.sync(file);
}

void remove_boot_file(base::Sys &sys, const base::Dir &dir, const std::string &name)
{
  if (!dir.status(name))
    return;
  remove_in_order(sys, dir, name);
  sys.sync(dir);
}

void settle_instance(base::Sys &sys, const Place &place, const std::string &below)
{
  const auto name = find_name(place, below);
  if (!name)
    return;
  if (name->is_vfat)
    sync_file_again(sys, name->parent, name->name);
  if (!split(below).parent.empty())
    sys.sync(name->parent);
}

void remove_instance(base::Sys &sys, Place &place, const std::string &below)
{
  const auto name = find_name(place, below);
  if (!name || !name->parent.status(name->name))
    return;
  expect_writable(*name);
  if (name->is_vfat && is_file(name->parent, name->name))
    remove_in_order(sys, name->parent, name->name);
  else
    base::remove_tree(sys, name->parent, out_of_effect(sys, name->parent, name->name));
  sys.sync(name->parent);
  remove_empty_parents(sys, place, below);
}

BootRank boot_rank(const std::string &path)
{
  if (path.ends_with(".conf"))
    return BootRank::entry;
  if (path.ends_with(".efi") && path.find(".extra.d/") == std::string::npos)
    return BootRank::image;
  return BootRank::resource;
}

} // namespace updater
