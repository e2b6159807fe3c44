// SPDX-License-Identifier: Apache-2.0
#include "overlay/hierarchy.hpp"

#include "base/error.hpp"
#include "base/ini.hpp"
#include "overlay/configuration.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <sstream>

namespace overlay {

namespace {

using base::Kind;

constexpr std::size_t table_limit = std::size_t{64} << 20U;
constexpr std::size_t metadata_limit = std::size_t{8} << 20U;

/// The mount that a directory is the top of, or lies in.
struct Place {
  int mount = 0;
  bool is_top = false;
};

Place place_of(const base::Dir &dir)
{
  struct statx found = {};
  if (::statx(dir.fd().number(), "", AT_EMPTY_PATH, STATX_MNT_ID, &found) < 0)
    base::fail_errno("cannot look at {}", dir.path());
  return {static_cast<int>(found.stx_mnt_id), (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0};
}

std::string without_newline(std::string text)
{
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

std::string metadata_path(Class extension_class, std::string_view file)
{
  return fmt::format("{}/{}", facts(extension_class).metadata, file);
}

bool is_ours(const base::Dir &top, Class extension_class)
{
  const auto device = top.text(metadata_path(extension_class, "dev"));
  const auto status = top.status(".");
  return device && status &&
         without_newline(*device) ==
             fmt::format("{}:{}", major(status->st_dev), minor(status->st_dev));
}

/// A relative path that stays where it starts from.
bool is_plain(const std::string &path)
{
  if (path.empty() || path.find('\0') != std::string::npos)
    return false;
  std::istringstream parts(path + "/");
  for (std::string part; std::getline(parts, part, '/');)
    if (part.empty() || part == "." || part == "..")
      return false;
  return true;
}

std::string read_path(const Hierarchy &hierarchy,
                      const std::string &text,
                      const std::string &file,
                      std::string_view what)
{
  // It is one escaped word, in which blanks stand as they are.
  std::string escaped;
  for (const char letter : without_newline(text))
    escaped += letter == ' ' ? "\\s" : std::string(1, letter);
  const auto words = base::split_escaped(escaped);
  if (!words || words->size() != 1 || !is_plain(words->front()))
    base::fail(Kind::config,
               "{}: \"{}\" is no {}; a path beneath the root is expected. Unmount {} "
               "by hand if somebody has changed this file",
               hierarchy.top->display(file),
               without_newline(text),
               what,
               hierarchy.place);
  return words->front();
}

} // namespace

Hierarchy find_hierarchy(const base::Host &host,
                         Class extension_class,
                         const std::string &path,
                         const std::vector<MountLine> &table)
{
  Hierarchy found{.path = path, .place = {}, .top = host.root.find_dir(path)};
  if (!found.top)
    return found;
  found.place = base::path_of(found.top->fd());
  const Place place = place_of(*found.top);
  if (place.is_top && is_ours(*found.top, extension_class))
    found.covers = std::max(1U, stacked(table, place.mount, facts(extension_class).name));
  const std::string metadata = fmt::format("{}/{}", found.place, facts(extension_class).metadata);
  if (const auto cover = mount_on(table, place.mount, metadata))
    found.kept_mounts = stacked_on(table, *cover, fmt::format("{}/{}", metadata, kept_views));
  for (std::string &below : submounts(table, place.mount, found.place))
    if (below != facts(extension_class).metadata)
      found.submounts.push_back(std::move(below));
  return found;
}

std::optional<base::Dir> find_system_layer(const base::Host &host, const Hierarchy &hierarchy)
{
  if (!hierarchy.top)
    return std::nullopt;
  if (!hierarchy.is_merged())
    return hierarchy.top->again();
  return host.sys.copy_beneath(host.root, hierarchy.path, hierarchy.covers);
}

std::vector<MountLine> read_mount_table(const base::Host &host)
{
  const auto text = host.machine.text("proc/self/mountinfo", table_limit);
  if (!text)
    base::fail(Kind::io, "/proc/self/mountinfo does not exist; is /proc mounted?");
  return parse_mount_table(*text);
}

Merged read_merged(const Hierarchy &hierarchy, Class extension_class)
{
  const auto text = [&](std::string_view file) {
    return hierarchy.top->text(metadata_path(extension_class, file), metadata_limit).value_or("");
  };
  Merged merged;
  std::istringstream names(text(facts(extension_class).plural));
  for (std::string name; std::getline(names, name);)
    if (!name.empty())
      merged.extensions.push_back(name);
  merged.origin = text("origin");
  merged.stamp = without_newline(text("strake-stamp"));
  merged.generation = text("strake-generation");
  const std::string work_file = metadata_path(extension_class, "work_dir");
  if (const auto work_dir = hierarchy.top->text(work_file))
    merged.work_dir = read_path(hierarchy, *work_dir, work_file, "work directory");
  const std::string upper_path = metadata_path(extension_class, upper_file);
  std::istringstream upper(text(upper_file));
  if (std::string path, inode; std::getline(upper, path) && std::getline(upper, inode))
    merged.upper = {read_path(hierarchy, path, upper_path, "mutable directory"), inode};
  if (const auto status = hierarchy.top->status("."))
    merged.since_us = static_cast<std::uint64_t>(status->st_mtim.tv_sec) * 1000000U +
                      static_cast<std::uint64_t>(status->st_mtim.tv_nsec) / 1000U;
  return merged;
}

Generation present_generation(const base::Host &host)
{
  Generation newest;
  std::vector<Class> merged_classes;
  const std::vector<MountLine> table = read_mount_table(host);
  for (const Class each : {Class::sysext, Class::confext})
    for (const std::string &path : hierarchies_of(host, each)) {
      const Hierarchy hierarchy = find_hierarchy(host, each, path, table);
      if (!hierarchy.is_merged())
        continue;
      auto generation = parse_generation(read_merged(hierarchy, each).generation);
      if (!generation)
        continue;
      merged_classes.push_back(each);
      if (generation->number > newest.number)
        newest = std::move(*generation);
    }
  std::erase_if(newest.sets, [&](const auto &entry) {
    return std::find(merged_classes.begin(), merged_classes.end(), entry.first) ==
           merged_classes.end();
  });
  return newest;
}

std::string inode_text(const base::Dir &dir)
{
  const struct stat status = dir.status(".").value();
  return fmt::format("{}:{} {}", major(status.st_dev), minor(status.st_dev), status.st_ino);
}

std::string as_component(const std::string &hierarchy)
{
  std::string name = hierarchy;
  name.erase(0, name.find_first_not_of('/'));
  while (name.ends_with('/'))
    name.pop_back();
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

} // namespace overlay
