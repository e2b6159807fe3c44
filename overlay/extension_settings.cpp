// SPDX-License-Identifier: Apache-2.0
#include "overlay/extension_settings.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/parse.hpp"
#include "overlay/image.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace overlay {

namespace {

using base::Kind;

constexpr std::string_view section = "Extension";
constexpr std::string_view drop_in_name = "50-strake-enabled.conf";

[[noreturn]] void refuse(const base::ConfigItem &item, std::string_view expected)
{
  base::fail(Kind::config, "{}: {}={} is no {}", item.place(), item.key, item.value, expected);
}

void read_boolean(const base::ConfigItem &item, bool otherwise, bool &field)
{
  const auto value = item.value.empty() ? otherwise : base::parse_boolean(item.value);
  if (!value)
    refuse(item, "boolean; write yes or no");
  field = *value;
}

void read_priority(const base::ConfigItem &item, std::int32_t &field)
{
  std::string_view digits = item.value;
  const bool is_negative = digits.starts_with('-');
  if (is_negative)
    digits.remove_prefix(1);
  const auto value = item.value.empty() ? 0 : base::parse_number(digits);
  constexpr auto largest = std::uint64_t{std::numeric_limits<std::int32_t>::max()};
  if (!value || *value > largest)
    refuse(item, "priority; write a whole number, 0 or larger to go on top, or with \"-\" before");
  const auto number = static_cast<std::int32_t>(*value);
  field = is_negative ? -number : number;
}

void add_names(const base::ConfigItem &item, std::vector<std::string> &field)
{
  if (item.value.empty())
    return field.clear();
  const auto names = base::split_quoted(item.value);
  if (!names)
    refuse(item, "list of names; a quote is not closed");
  for (const std::string &name : *names) {
    if (!is_valid_image_name(name))
      refuse(item, "list of names of extensions, with blanks between them");
    if (std::find(field.begin(), field.end(), name) == field.end())
      field.push_back(name);
  }
}

/// With names between single slashes, and nothing that leads back.
bool is_absolute(const std::string &path)
{
  const std::string closed = path + "/";
  return path.starts_with('/') && path.size() > 1 && closed.find("//") == std::string::npos &&
         closed.find("/./") == std::string::npos && closed.find("/../") == std::string::npos;
}

std::string known_dangers()
{
  std::vector<std::string_view> names;
  for (const DangerFacts &row : danger_table())
    names.push_back(row.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void add_dangers(const base::ConfigItem &item, std::vector<DangerRule> &field)
{
  if (item.value.empty())
    return field.clear();
  for (const std::string &word :
       base::split_quoted(item.value).value_or(std::vector<std::string>{""})) {
    const auto rule = find_danger_rule(word);
    if (!rule)
      refuse(item, "list of dangers; there are " + known_dangers());
    if (std::find(field.begin(), field.end(), *rule) == field.end())
      field.push_back(*rule);
  }
}

void read_unfit(const base::ConfigItem &item, ExtensionSettings::Unfit &field)
{
  using Unfit = ExtensionSettings::Unfit;
  if (item.value == "block" || item.value.empty())
    field = Unfit::block;
  else if (item.value == "warn")
    field = Unfit::warn;
  else if (item.value == "drop")
    field = Unfit::drop;
  else
    refuse(item, "thing to do; write block, warn or drop");
}

void add_data(const base::ConfigItem &item, std::vector<std::string> &field)
{
  if (item.value.empty())
    return field.clear();
  for (const std::string &path :
       base::split_quoted(item.value).value_or(std::vector<std::string>{""})) {
    if (!is_absolute(path))
      refuse(item, "list of absolute paths, with blanks between them");
    field.push_back(path);
  }
}

struct KeyRow {
  std::string_view key;
  void (*read)(const base::ConfigItem &item, ExtensionSettings &settings);
};

using I = const base::ConfigItem &;
using S = ExtensionSettings &;

constexpr std::array<KeyRow, 9> rows = {{
    {"Enabled", [](I item, S settings) { read_boolean(item, true, settings.enabled); }},
    {"Priority", [](I item, S settings) { read_priority(item, settings.priority); }},
    {"After", [](I item, S settings) { add_names(item, settings.after); }},
    {"Requires", [](I item, S settings) { add_names(item, settings.required); }},
    {"Conflicts", [](I item, S settings) { add_names(item, settings.conflicts); }},
    {"Below", [](I item, S settings) { read_boolean(item, false, settings.below); }},
    {"AllowDangers", [](I item, S settings) { add_dangers(item, settings.allowed_dangers); }},
    {"WhenUnfit", [](I item, S settings) { read_unfit(item, settings.when_unfit); }},
    {"Data", [](I item, S settings) { add_data(item, settings.data); }},
}};

void take(const base::ConfigItem &item, ExtensionSettings &settings)
{
  if (item.section.starts_with("X-") || item.key.starts_with("X-"))
    return;
  const auto row = std::find_if(
      rows.begin(), rows.end(), [&](const KeyRow &each) { return each.key == item.key; });
  if (item.section != section || row == rows.end())
    base::fail(Kind::config,
               "{}: [{}] {}= is not known; [{}] has Enabled=, Priority=, After=, Requires=, "
               "Conflicts=, Below=, AllowDangers=, WhenUnfit= and Data=",
               item.place(),
               item.section,
               item.key,
               section);
  row->read(item, settings);
}

std::vector<base::ConfigItem> read_files(const base::Host &host, const std::string &name)
{
  // Longer names cannot have a file beside them.
  constexpr std::size_t longest = 255 - std::string_view(".conf.d").size();
  if (name.size() > longest)
    return {};
  return base::read_own_settings(host.root, fmt::format("extensions/{}.conf", name));
}

ExtensionSettings settings_of(const std::vector<base::ConfigItem> &items, const std::string &name)
{
  ExtensionSettings settings;
  for (const base::ConfigItem &item : items)
    take(item, settings);
  for (const auto *names : {&settings.after, &settings.required, &settings.conflicts})
    if (std::find(names->begin(), names->end(), name) != names->end())
      base::fail(Kind::config,
                 "{}: the extension {} names itself in After=, Requires= or Conflicts=",
                 items.back().file,
                 name);
  return settings;
}

/// The file that keeps the drop-in of set_enabled() from counting; nothing if none does.
std::optional<base::ConfigItem> overriding(const std::vector<base::ConfigItem> &items,
                                           Enabled enabled)
{
  std::optional<base::ConfigItem> result;
  bool is_after = false;
  for (const base::ConfigItem &item : items) {
    const base::SplitPath file = base::split_path(item.file);
    is_after = is_after || (file.parent.ends_with(".conf.d") && file.name > drop_in_name);
    if (!is_after || item.key != "Enabled")
      continue;
    const bool says_yes = base::parse_boolean(item.value).value_or(true);
    result = says_yes == (enabled == Enabled::yes) ? std::nullopt : std::optional(item);
  }
  return result;
}

} // namespace

ExtensionSettings read_extension_settings(const base::Host &host, const std::string &name)
{
  return settings_of(read_files(host, name), name);
}

void set_enabled(const base::Host &host, const std::string &name, Enabled enabled)
{
  if (!is_valid_image_name(name))
    base::fail(Kind::usage, "an extension cannot have this name; see what strake ext list shows");
  const std::vector<base::ConfigItem> items = read_files(host, name);
  (void)settings_of(items, name);
  if (const auto item = overriding(items, enabled))
    base::fail(Kind::config,
               "{} says {}={} for the extension {} and counts more than what would be written "
               "now; change it there",
               item->place(),
               item->key,
               item->value,
               name);
  const std::string directory = fmt::format("/etc/strake/extensions/{}.conf.d", name);
  const std::string text =
      fmt::format("[{}]\nEnabled={}\n", section, enabled == Enabled::yes ? "yes" : "no");
  base::during(fmt::format("writing {}/{}", host.root.display(directory), drop_in_name), [&] {
    const base::Dir dir = base::make_path(host.sys, host.root, directory);
    base::replace_file(host.sys, dir, drop_in_name, text);
  });
}

} // namespace overlay
