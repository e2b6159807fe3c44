// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_move.hpp"

#include "base/error.hpp"
#include "base/tree_copy.hpp"
#include "handoff/reset_removal.hpp"
#include "handoff/reset_request.hpp"

#include <cerrno>

namespace handoff {

namespace {

constexpr mode_t for_root_alone = 0700;
constexpr std::string_view unfinished_copy = ".strake-copy";

base::Dir open_directory(const base::Dir &dir, const std::string &path)
{
  auto found = path.empty() ? std::optional(dir.again()) : dir.find_dir_no_symlinks(path);
  if (!found)
    base::fail(base::Kind::busy, "{} is not there any more", dir.display(path));
  return std::move(*found);
}

bool is_directory(const base::Dir &dir, const std::string &name)
{
  const auto status = dir.status(name);
  return status && S_ISDIR(status->st_mode);
}

} // namespace

void ResetBackupTree::put_aside(const std::string &below)
{
  const base::SplitPath split = base::split_path(below);
  const base::Dir backup = backup_of(split.parent);
  const base::Dir from = open_directory(place_.top, split.parent);
  move(from, split.name, backup, Taken::source_goes);
}

void ResetBackupTree::put_back()
{
  const auto backup = place_.top.find_dir_no_symlinks(reset_backup_name);
  if (!backup)
    return;
  remove(*backup, std::string(unfinished_copy));
  for (const base::DirEntry &each : backup->entries())
    move(*backup, each.name, place_.top, Taken::target_goes);
  sys_.sync_file_system(place_.top);
  forget();
}

void ResetBackupTree::forget()
{
  remove(place_.top, std::string(reset_backup_name));
  sys_.sync(place_.top);
}

/// The directory of the backup for what lies in this one of the place.
base::Dir ResetBackupTree::backup_of(const std::string &directory)
{
  const bool is_top = directory.empty();
  const base::SplitPath split = base::split_path(directory);
  const base::Dir parent = is_top ? place_.top.again() : backup_of(split.parent);
  const std::string name = is_top ? std::string(reset_backup_name) : split.name;
  if (made_.contains(directory))
    return open_directory(parent, name);
  if (!parent.status(name)) {
    sys_.make_dir(parent, name, for_root_alone);
    sys_.sync(parent); // what will be moved there must not be without a name
  }
  base::Dir backup = open_directory(parent, name);
  if (!is_top)
    take_attributes(open_directory(place_.top, directory), backup);
  made_.insert(directory);
  return backup;
}

void ResetBackupTree::take_attributes(const base::Dir &from, const base::Dir &to)
{
  const struct stat status = base::status_of(from.fd());
  const base::Owners owners = base::possible_owners();
  base::Attributes wanted{.mode = base::kept_mode(status.st_mode, owners)};
  if (owners == base::Owners::recorded) {
    wanted.owner = status.st_uid;
    wanted.group = status.st_gid;
  }
  sys_.set_attributes(to.fd(), wanted);
  if (const auto extended = base::extended_of(from.fd(), owners); !extended.empty())
    sys_.set_extended(to.fd(), extended);
}

void ResetBackupTree::move(const base::Dir &from,
                           const std::string &name,
                           const base::Dir &to,
                           Taken taken)
{
  const auto entry = look_at(from, name);
  if (!entry)
    return;
  if (!to.status(name)) {
    let_change(sys_, from, name, *entry);
    return rename(from, name, to);
  }
  if (entry->type == S_IFDIR && is_directory(to, name))
    return join(from, name, to, taken);
  if (taken == Taken::source_goes)
    return remove(from, name);
  remove(to, name);
  rename(from, name, to);
}

void ResetBackupTree::join(const base::Dir &from,
                           const std::string &name,
                           const base::Dir &to,
                           Taken taken)
{
  const base::Dir source = open_directory(from, name);
  const base::Dir target = open_directory(to, name);
  for (const base::DirEntry &each : source.entries())
    move(source, each.name, target, taken);
  if (taken == Taken::target_goes)
    take_attributes(source, target);
  // What was moved must have its new name for good before its old place goes.
  sys_.sync(target);
  sys_.sync(source);
  remove(from, name);
}

void ResetBackupTree::rename(const base::Dir &from, const std::string &name, const base::Dir &to)
{
  try {
    sys_.rename(from, name, to, name, base::Replace::no);
  } catch (const base::Error &error) {
    if (error.os_error() != EXDEV)
      throw;
    copy(from, name, to);
  }
}

void ResetBackupTree::copy(const base::Dir &from, const std::string &name, const base::Dir &to)
{
  const std::string unfinished(unfinished_copy);
  remove(to, unfinished);
  base::TreeCopy copy(sys_, to);
  copy.entry(from, name, unfinished);
  copy.finish();
  sys_.sync_file_system(to); // before the name, which says that all of it is there
  if (to.status(unfinished)) // a socket is not copied
    sys_.rename(to, unfinished, to, name, base::Replace::no);
  sys_.sync(to);
  remove(from, name);
}

void ResetBackupTree::remove(const base::Dir &dir, const std::string &name)
{
  ResetRemoval(sys_, place_.top).entry(dir, name);
}

} // namespace handoff
