// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/parse.hpp"
#include "cli/contents.hpp"
#include "cli/extension_verbs.hpp"
#include "overlay/difference.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/history.hpp"
#include "overlay/merge.hpp"

#include <fmt/ranges.h>

namespace cli {

namespace {

using base::Kind;
using overlay::Class;
using overlay::Generation;
using overlay::UsedExtension;

std::uint64_t number_of(const std::string &word)
{
  const auto number = base::parse_number(word);
  if (!number || *number == 0)
    base::fail(
        Kind::usage,
        "\"{}\" is no number of a generation; `strake ext generations` lists those there are",
        word);
  return *number;
}

/// "tools" or "tools 1.2", the topmost last.
std::vector<std::string> names_in(const Generation &generation)
{
  std::vector<std::string> names;
  for (const auto &[extension_class, set] : generation.sets)
    for (const UsedExtension *used : set.all()) {
      const overlay::Image &image = used->candidate.image;
      names.push_back(image.version.empty() ? image.name
                                            : fmt::format("{} {}", image.name, image.version));
    }
  return names;
}

} // namespace

Value used_json(const UsedExtension &used, Class extension_class)
{
  const overlay::Image &image = used.candidate.image;
  const auto &root_hash = used.candidate.identity.root_hash;
  return {{"class", overlay::name(extension_class)},
          {"name", image.name},
          {"version", or_null(image.version)},
          {"path", image.path},
          {"rootHash", root_hash ? Value(verity::hex(*root_hash)) : Value()},
          {"protection", verity::name(used.protection)},
          {"signer", or_null(used.signer)}};
}

namespace {

Value json_of(const Generation &generation)
{
  Value json = {{"generation", generation.number},
                {"time", generation.time},
                {"verb", generation.verb},
                {"extensions", Value::array()}};
  for (const auto &[extension_class, set] : generation.sets)
    for (const UsedExtension *used : set.all())
      json["extensions"].push_back(used_json(*used, extension_class));
  return json;
}

std::string state_text(bool is_present, bool is_held)
{
  if (is_present)
    return is_held ? "merged, held" : "merged";
  return is_held ? "held" : "-";
}

std::uint64_t microseconds(std::int64_t seconds)
{
  return static_cast<std::uint64_t>(seconds) * 1000000U;
}

/// The generation of that number; of none given the one that is merged now.
Generation generation_of(const ExtensionCall &call, std::size_t argument)
{
  if (argument < call.options.arguments.size())
    return overlay::find_generation(call.host, number_of(call.options.arguments[argument]));
  return overlay::present_generation(call.host);
}

} // namespace

int extension_generations(const ExtensionCall &call)
{
  const Generation present = overlay::present_generation(call.host);
  const auto held = overlay::held_generation(call.host);
  Value rows = Value::array();
  Table table({{"GENERATION", Align::right}, {"STATE"}, {"SINCE"}, {"BY"}, {"EXTENSIONS"}});
  for (const Generation &each : overlay::read_generations(call.host)) {
    const bool is_present = each.number == present.number;
    const bool is_held = each.number == held;
    rows.push_back(json_of(each));
    rows.back()["merged"] = is_present;
    rows.back()["held"] = is_held;
    table.add({std::to_string(each.number),
               state_text(is_present, is_held),
               time_text(microseconds(each.time)),
               each.verb,
               fmt::format("{}", fmt::join(names_in(each), ", "))});
  }
  if (call.wants_json())
    call.print_json(rows);
  else if (table.empty())
    call.host.say(base::Level::info, "No generations are remembered.");
  else
    call.print(table.text(call.header()));
  return 0;
}

int extension_difference(const ExtensionCall &call)
{
  const Generation one = generation_of(call, 0);
  const Generation other = generation_of(call, 1);
  Value rows = Value::array();
  Table table({{"CHANGE"}, {"CLASS"}, {"EXTENSION"}, {"BEFORE"}, {"AFTER"}});
  for (const overlay::Difference &each : overlay::differences(one, other)) {
    rows.push_back({{"change", each.change},
                    {"class", overlay::name(each.extension_class)},
                    {"name", each.name},
                    {"before", or_null(each.before)},
                    {"after", or_null(each.after)}});
    table.add({each.change,
               std::string(overlay::name(each.extension_class)),
               each.name,
               or_dash(each.before),
               or_dash(each.after)});
  }
  if (call.wants_json())
    call.print_json(rows);
  else if (table.empty())
    call.host.say(base::Level::info, "Both have the same extensions.");
  else
    call.print(table.text(call.header()));
  return 0;
}

int extension_rollback(const ExtensionCall &call)
{
  const auto &arguments = call.options.arguments;
  const auto number =
      arguments.empty() ? std::nullopt : std::optional(number_of(arguments.front()));
  overlay::roll_back(call.host, call.requests(), number);
  return 0;
}

int extension_release(const ExtensionCall &call)
{
  overlay::hold(call.host, std::nullopt);
  return 0;
}

} // namespace cli
