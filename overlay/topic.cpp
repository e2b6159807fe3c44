// SPDX-License-Identifier: Apache-2.0
#include "overlay/topic.hpp"

#include "base/error.hpp"
#include "overlay/image.hpp"
#include "overlay/layer.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace overlay {

namespace {

using Files = TopicFacts::Files;

constexpr std::string_view systemd = "run/systemd/system";

const std::array<TopicFacts, 7> table = {{
    {Topic::linker_cache, "linker-cache", "LinkerCache", {"ldconfig"}, Files::are_all_read, ""},
    {Topic::sysusers, "sysusers", "Sysusers", {"systemd-sysusers", "--"}, Files::are_named, ""},
    {Topic::tmpfiles,
     "tmpfiles",
     "Tmpfiles",
     {"systemd-tmpfiles", "--create", "--"},
     Files::are_named,
     ""},
    {Topic::hardware_database,
     "hardware-database",
     "HardwareDatabase",
     {"systemd-hwdb", "update"},
     Files::are_all_read,
     ""},
    {Topic::udev,
     "udev",
     "Udev",
     {"udevadm", "control", "--reload"},
     Files::are_all_read,
     "run/udev/control"},
    {Topic::units,
     "units",
     "DaemonReload",
     {"systemctl", "--no-ask-password", "daemon-reload"},
     Files::are_all_read,
     systemd},
    {Topic::dbus,
     "dbus",
     "DBus",
     {"systemctl", "--no-ask-password", "reload", "dbus.service"},
     Files::are_all_read,
     systemd},
}};

struct Place {
  Topic topic;
  Class extension_class;
  std::string_view path;
  std::string_view suffix; ///< of the files that count there
};

constexpr std::array places = {
    Place{Topic::linker_cache, Class::confext, "/etc/ld.so.conf.d", ".conf"},
    Place{Topic::sysusers, Class::sysext, "/usr/lib/sysusers.d", ".conf"},
    Place{Topic::sysusers, Class::confext, "/etc/sysusers.d", ".conf"},
    Place{Topic::tmpfiles, Class::sysext, "/usr/lib/tmpfiles.d", ".conf"},
    Place{Topic::tmpfiles, Class::confext, "/etc/tmpfiles.d", ".conf"},
    Place{Topic::hardware_database, Class::sysext, "/usr/lib/udev/hwdb.d", ".hwdb"},
    Place{Topic::hardware_database, Class::confext, "/etc/udev/hwdb.d", ".hwdb"},
    Place{Topic::udev, Class::sysext, "/usr/lib/udev/rules.d", ".rules"},
    Place{Topic::udev, Class::confext, "/etc/udev/rules.d", ".rules"},
    Place{Topic::units, Class::sysext, "/usr/lib/systemd/system", ""},
    Place{Topic::units, Class::confext, "/etc/systemd/system", ""},
    Place{Topic::dbus, Class::sysext, "/usr/share/dbus-1/system.d", ".conf"},
    Place{Topic::dbus, Class::sysext, "/usr/share/dbus-1/system-services", ".service"},
    Place{Topic::dbus, Class::confext, "/etc/dbus-1/system.d", ".conf"},
};

bool is_library(std::string_view name)
{
  return name.starts_with("lib") && name.find(".so") != std::string_view::npos;
}

/// Nothing where something else is in the way: that is for the check of dangers to tell.
std::optional<base::Dir> find_place(const ExtensionTree &tree, const std::string &path)
{
  try {
    return tree.find_dir(path);
  } catch (const base::Error &error) {
    if (error.os_error() != ENOTDIR && error.os_error() != ELOOP)
      throw;
    return std::nullopt;
  }
}

/// /usr/lib, /usr/lib64, and the directories of architectures in /usr/lib.
bool has_libraries(const ExtensionTree &tree)
{
  const auto holds_one = [](const base::Dir &dir) {
    const auto entries = dir.entries();
    return std::any_of(
        entries.begin(), entries.end(), [](const auto &entry) { return is_library(entry.name); });
  };
  for (const char *path : {"/usr/lib", "/usr/lib64"}) {
    const auto dir = find_place(tree, path);
    if (!dir)
      continue;
    if (holds_one(*dir))
      return true;
    for (const base::DirEntry &entry : dir->entries())
      if (entry.name.find("-linux-") != std::string::npos && S_ISDIR(entry.type) &&
          holds_one(dir->dir(entry.name)))
        return true;
  }
  return false;
}

} // namespace

std::span<const TopicFacts> topic_table()
{
  return table;
}

const TopicFacts &facts(Topic topic)
{
  return table.at(static_cast<std::size_t>(topic));
}

Topics topics_of(const ExtensionTree &tree, Class extension_class)
{
  Topics found;
  for (const Place &place : places) {
    if (place.extension_class != extension_class)
      continue;
    const auto dir = find_place(tree, std::string(place.path));
    if (!dir)
      continue;
    for (const base::DirEntry &entry : dir->entries()) {
      if (!entry.name.ends_with(place.suffix) || entry.name.starts_with('-') ||
          !is_valid_image_name(entry.name))
        continue;
      auto &names = found[place.topic];
      if (facts(place.topic).files == Files::are_named)
        names.push_back(entry.name);
    }
  }
  if (extension_class == Class::sysext && has_libraries(tree))
    found[Topic::linker_cache];
  return found;
}

} // namespace overlay
