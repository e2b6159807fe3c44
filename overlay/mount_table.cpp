// SPDX-License-Identifier: Apache-2.0
#include "overlay/mount_table.hpp"

#include "base/error.hpp"
#include "base/handles.hpp"

#include <libmount/libmount.h>
#include <sys/mount.h>

#include <algorithm>
#include <cstdio>
#include <set>

namespace overlay {

namespace {

using base::Kind;

std::string text_or_none(const char *text)
{
  return text == nullptr ? "" : text;
}

/// The value of an option of a mount's file system; empty where it has none.
std::string option(libmnt_fs *mount, const char *name)
{
  char *value = nullptr;
  std::size_t size = 0;
  const char *options = ::mnt_fs_get_fs_options(mount);
  return options != nullptr && ::mnt_optstr_get_option(options, name, &value, &size) == 0 &&
                 value != nullptr
             ? std::string(value, size)
             : std::string();
}

bool can_be_copied(libmnt_fs *mount)
{
  unsigned long propagation = 0;
  return ::mnt_fs_get_propagation(mount, &propagation) != 0 || (propagation & MS_UNBINDABLE) == 0;
}

const MountLine *find(const std::vector<MountLine> &table, int id)
{
  const auto found = std::find_if(
      table.begin(), table.end(), [&](const MountLine &line) { return line.id == id; });
  return found == table.end() ? nullptr : &*found;
}

} // namespace

std::vector<MountLine> parse_mount_table(const std::string &text)
{
  const base::Unique<libmnt_table, mnt_unref_table> table(::mnt_new_table());
  // Where no stream can be made of an empty text there is nothing to read either.
  std::string copy = text.empty() ? "\n" : text;
  const base::Unique<std::FILE, std::fclose> stream(::fmemopen(copy.data(), copy.size(), "r"));
  if (!table || !stream || ::mnt_table_parse_stream(table.get(), stream.get(), "mountinfo") < 0)
    base::fail(Kind::io, "the kernel's table of mounts is not understood");
  const base::Unique<libmnt_iter, mnt_free_iter> each(::mnt_new_iter(MNT_ITER_FORWARD));
  std::vector<MountLine> lines;
  libmnt_fs *mount = nullptr;
  while (::mnt_table_next_fs(table.get(), each.get(), &mount) == 0)
    lines.push_back({.id = ::mnt_fs_get_id(mount),
                     .parent = ::mnt_fs_get_parent_id(mount),
                     .target = text_or_none(::mnt_fs_get_target(mount)),
                     .type = text_or_none(::mnt_fs_get_fstype(mount)),
                     .source = text_or_none(::mnt_fs_get_source(mount)),
                     .upper = option(mount, "upperdir"),
                     .work = option(mount, "workdir"),
                     .can_be_copied = can_be_copied(mount)});
  return lines;
}

unsigned stacked(const std::vector<MountLine> &table, int id, std::string_view source)
{
  const MountLine *top = find(table, id);
  const auto is_like_top = [&](const MountLine &line) {
    return line.type == "overlay" && line.source == source && line.target == top->target;
  };
  // Each but once: the first mount of a system is said to be its own parent.
  std::set<int> counted;
  const MountLine *line = top;
  while (line != nullptr && is_like_top(*line) && counted.insert(line->id).second)
    line = find(table, line->parent);
  return static_cast<unsigned>(counted.size());
}

std::optional<int> mount_on(const std::vector<MountLine> &table, int id, const std::string &target)
{
  const auto found = std::find_if(table.begin(), table.end(), [&](const MountLine &line) {
    return line.parent == id && line.id != id && line.target == target;
  });
  return found == table.end() ? std::nullopt : std::optional(found->id);
}

unsigned stacked_on(const std::vector<MountLine> &table, int id, const std::string &target)
{
  unsigned count = 0;
  for (auto next = mount_on(table, id, target); next; next = mount_on(table, *next, target))
    ++count;
  return count;
}

std::vector<std::string>
submounts(const std::vector<MountLine> &table, int id, const std::string &target)
{
  const std::string below = target == "/" ? "/" : target + "/";
  std::set<std::string> places;
  for (const MountLine &line : table)
    if (line.parent == id && line.target.starts_with(below) && line.target != below)
      places.insert(line.target.substr(below.size()));
  std::vector<std::string> seen;
  for (const std::string &place : places) {
    // Mounted on a place that was covered later: nobody can get there.
    const bool is_covered = std::any_of(seen.begin(), seen.end(), [&](const std::string &other) {
      return place.starts_with(other + "/");
    });
    if (!is_covered)
      seen.push_back(place);
  }
  return seen;
}

} // namespace overlay
