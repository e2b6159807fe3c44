// SPDX-License-Identifier: Apache-2.0
#include "handoff/automatic_settings.hpp"

#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/parse.hpp"

#include <array>

namespace handoff {

namespace {

using base::ConfigItem;
using base::Kind;

struct ReachRow {
  Reach reach;
  std::string_view name;
};

constexpr std::array reaches = {ReachRow{Reach::notify, "notify"},
                                ReachRow{Reach::download, "download"},
                                ReachRow{Reach::stage, "stage"},
                                ReachRow{Reach::apply, "apply"}};

Reach parse_reach(const ConfigItem &item)
{
  for (const ReachRow &row : reaches)
    if (row.name == item.value)
      return row.reach;
  base::fail(Kind::config,
             "{}: {}={} is none of notify, download, stage and apply",
             item.place(),
             item.key,
             item.value);
}

Kexec parse_kexec(const ConfigItem &item)
{
  const auto wanted = base::parse_boolean(item.value);
  if (!wanted)
    base::fail(Kind::config, "{}: Kexec={} is neither yes nor no", item.place(), item.value);
  return *wanted ? Kexec::wanted : Kexec::unwanted;
}

void add_window(const ConfigItem &item, std::vector<Window> &windows)
{
  if (item.value.empty())
    return windows.clear();
  const WindowReading reading = read_window(item.value);
  if (!reading.window)
    base::fail(Kind::config,
               "{}: Window={}: {}; write one such as Sat,Sun 02:00-05:00 Europe/Berlin",
               item.place(),
               item.value,
               reading.refusal);
  windows.push_back(*reading.window);
}

std::string parse_path(const ConfigItem &item)
{
  if (!item.value.empty() && (!item.value.starts_with('/') || item.value.ends_with('/')))
    base::fail(Kind::config,
               "{}: {}={} is no absolute path of a file",
               item.place(),
               item.key,
               item.value);
  return item.value;
}

void take(const ConfigItem &item, AutomaticSettings &settings)
{
  if (item.section.starts_with("X-") || item.key.starts_with("X-"))
    return;
  const std::string key = item.section == "Automatic" ? item.key : "";
  if (key == "Policy")
    settings.policy = parse_reach(item);
  else if (key == "PolicyOnMetered")
    settings.on_metered = parse_reach(item);
  else if (key == "PolicyOnBattery")
    settings.on_battery = parse_reach(item);
  else if (key == "Window")
    add_window(item, settings.windows);
  else if (key == "Kexec")
    settings.kexec = parse_kexec(item);
  else if (key == "MetricsFile")
    settings.metrics_file = parse_path(item);
  else
    base::fail(Kind::config,
               "{}: [{}] {}= is not known; [Automatic] has Policy=, PolicyOnMetered=, "
               "PolicyOnBattery=, Window=, Kexec= and MetricsFile=",
               item.place(),
               item.section,
               item.key);
}

} // namespace

std::string_view name(Reach reach)
{
  for (const ReachRow &row : reaches)
    if (row.reach == reach)
      return row.name;
  return "";
}

AutomaticSettings read_automatic_settings(const base::Host &host)
{
  AutomaticSettings settings;
  for (const ConfigItem &item : base::read_own_settings(host.root, "automatic.conf"))
    take(item, settings);
  return settings;
}

} // namespace handoff
