// SPDX-License-Identifier: Apache-2.0
#include "overlay/settings.hpp"

#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/parse.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace overlay {

namespace {

using base::ConfigItem;
using base::Kind;

[[noreturn]] void refuse(const ConfigItem &item, std::string_view expected)
{
  base::fail(Kind::config, "{}: {}={} is no {}", item.place(), item.key, item.value, expected);
}

/// An empty value takes back what was set before.
void read_count(const ConfigItem &item, std::uint64_t otherwise, std::uint64_t &field)
{
  const auto value = item.value.empty() ? otherwise : base::parse_number(item.value);
  if (!value || *value == 0)
    refuse(item, "number; write 1 or larger");
  field = *value;
}

template <DangerRule rule> void read_response(const ConfigItem &item, Settings &settings)
{
  const auto value = item.value.empty() ? facts(rule).by_default : find_response(item.value);
  if (!value)
    refuse(item, "response; write allow, warn or refuse");
  settings.dangers[rule] = *value;
}

void read_size_limit(const ConfigItem &item, Settings &settings)
{
  const auto value =
      item.value.empty() ? std::string(default_size_limit) : parse_size_limit(item.value);
  if (!value)
    refuse(item, "size; write bytes such as 512M, or a part of the memory such as 20%");
  settings.size_limit = *value;
}

/// Switched on by default.
bool read_switch(const ConfigItem &item)
{
  const auto value = item.value.empty() ? true : base::parse_boolean(item.value);
  if (!value)
    refuse(item, "boolean; write yes or no");
  return *value;
}

template <Topic topic> void read_topic(const ConfigItem &item, Settings &settings)
{
  if (read_switch(item))
    settings.aftermath.without.erase(topic);
  else
    settings.aftermath.without.insert(topic);
}

struct KeyRow {
  std::string_view section;
  std::string_view key;
  void (*read)(const ConfigItem &item, Settings &settings);
};

using I = const ConfigItem &;
using S = Settings &;
const Settings defaults;

constexpr std::array rows = {
    KeyRow{"Ephemeral", "SizeLimit", read_size_limit},
    KeyRow{"FollowUps",
           "KernelModules",
           [](I item, S settings) { settings.indexes_kernel_modules = read_switch(item); }},
    KeyRow{"FollowUps", "LinkerCache", read_topic<Topic::linker_cache>},
    KeyRow{"FollowUps", "Sysusers", read_topic<Topic::sysusers>},
    KeyRow{"FollowUps", "Tmpfiles", read_topic<Topic::tmpfiles>},
    KeyRow{"FollowUps", "HardwareDatabase", read_topic<Topic::hardware_database>},
    KeyRow{"FollowUps", "Udev", read_topic<Topic::udev>},
    KeyRow{"FollowUps", "DaemonReload", read_topic<Topic::units>},
    KeyRow{"FollowUps", "DBus", read_topic<Topic::dbus>},
    KeyRow{"FollowUps",
           "Units",
           [](I item, S settings) { settings.aftermath.units = read_switch(item); }},
    KeyRow{"Generations",
           "Keep",
           [](I item, S settings) {
             read_count(item, defaults.generations_kept, settings.generations_kept);
           }},
    KeyRow{"Dangers", "ShadowsSystem", read_response<DangerRule::shadows_system>},
    KeyRow{"Dangers", "ShadowsExtension", read_response<DangerRule::shadows_extension>},
    KeyRow{"Dangers", "Whiteout", read_response<DangerRule::whiteout>},
    KeyRow{"Dangers", "TypeChange", read_response<DangerRule::type_change>},
    KeyRow{"Dangers", "MasksSystem", read_response<DangerRule::masks_system>},
    KeyRow{"Dangers", "MasksExtension", read_response<DangerRule::masks_extension>},
    KeyRow{"Dangers", "SetUser", read_response<DangerRule::set_user>},
    KeyRow{"Dangers", "Capabilities", read_response<DangerRule::capabilities>},
    KeyRow{"Dangers", "DeviceNode", read_response<DangerRule::device_node>},
};

std::string known_keys()
{
  std::vector<std::string> names;
  for (const KeyRow &row : rows)
    names.push_back(fmt::format("[{}] {}=", row.section, row.key));
  return fmt::format("{}", fmt::join(names, ", "));
}

void take(const ConfigItem &item, Settings &settings)
{
  if (item.section.starts_with("X-") || item.key.starts_with("X-"))
    return;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const KeyRow &each) {
    return each.section == item.section && each.key == item.key;
  });
  if (row == rows.end())
    base::fail(Kind::config,
               "{}: [{}] {}= is not known; there are {}",
               item.place(),
               item.section,
               item.key,
               known_keys());
  row->read(item, settings);
}

} // namespace

Settings read_settings(const base::Host &host)
{
  Settings settings;
  for (const ConfigItem &item : base::read_own_settings(host.root, "extensions.conf"))
    take(item, settings);
  return settings;
}

} // namespace overlay
