// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_settings.hpp"

#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/parse.hpp"
#include "handoff/reset_rules.hpp"

#include <algorithm>
#include <array>

namespace handoff {

namespace {

using base::ConfigItem;
using base::Kind;

/// Words with quotes around those that have blanks, which add up over lines and files.
void add_words(const ConfigItem &item, std::vector<std::string> &field)
{
  const auto words = base::split_quoted(item.value);
  if (!words)
    base::fail(Kind::config, "{}: a quote in {}= is not closed", item.place(), item.key);
  if (item.value.empty())
    field.clear();
  for (const std::string &word : *words) {
    if (const std::string fault = keep_rule_fault(word); !fault.empty())
      base::fail(Kind::config, "{}: {}", item.place(), fault);
    field.push_back(word);
  }
}

void add_places(const ConfigItem &item, ResetSettings &settings)
{
  if (!settings.names_places)
    settings.places.clear();
  settings.names_places = true;
  add_words(item, settings.places);
  for (const std::string &place : settings.places)
    if (!is_plain_path(place))
      base::fail(
          Kind::config, "{}: {} is no path; only Keep= has expressions", item.place(), place);
}

void read_boolean(const ConfigItem &item, bool &field)
{
  const auto value = item.value.empty() ? false : base::parse_boolean(item.value);
  if (!value)
    base::fail(Kind::config,
               "{}: {}={} is no boolean; write yes or no",
               item.place(),
               item.key,
               item.value);
  field = *value;
}

struct KeyRow {
  std::string_view key;
  void (*read)(const ConfigItem &item, ResetSettings &settings);
};

using I = const ConfigItem &;
using S = ResetSettings &;

constexpr std::array<KeyRow, 5> rows = {{
    {"Places", add_places},
    {"Keep", [](I item, S settings) { add_words(item, settings.keep); }},
    {"KeepMachineId", [](I item, S settings) { read_boolean(item, settings.keep_machine_id); }},
    {"KeepData", [](I item, S settings) { read_boolean(item, settings.keep_data); }},
    {"Backup", [](I item, S settings) { read_boolean(item, settings.backup); }},
}};

void take(const ConfigItem &item, ResetSettings &settings)
{
  if (item.section.starts_with("X-") || item.key.starts_with("X-"))
    return;
  const auto row = std::find_if(
      rows.begin(), rows.end(), [&](const KeyRow &each) { return each.key == item.key; });
  if (item.section != "Reset" || row == rows.end())
    base::fail(Kind::config,
               "{}: [{}] {}= is not known; [Reset] has Places=, Keep=, KeepMachineId=, KeepData= "
               "and Backup=",
               item.place(),
               item.section,
               item.key);
  row->read(item, settings);
}

} // namespace

ResetSettings read_reset_settings(const base::Host &host)
{
  ResetSettings settings;
  for (const ConfigItem &item : base::read_own_settings(host.root, "reset.conf"))
    take(item, settings);
  return settings;
}

} // namespace handoff
