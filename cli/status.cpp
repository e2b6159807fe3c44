// SPDX-License-Identifier: Apache-2.0
#include "handoff/status.hpp"

#include "base/printable.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"
#include "cli/verbs.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace cli {

namespace {

using handoff::ComponentVersions;
using handoff::MachineStatus;
using handoff::SystemVersion;
using handoff::Transition;

Value system_json(const SystemVersion &each)
{
  Value row;
  row["version"] = each.version;
  row["assessment"] = or_null(each.assessment);
  row["boot"] = each.boot ? Value(handoff::name(*each.boot)) : Value();
  row["triesLeft"] = each.tries_left ? Value(*each.tries_left) : Value();
  row["isRunning"] = each.is_running;
  row["isNext"] = each.is_next;
  row["extensions"] = Value::object();
  for (const auto &[component, version] : each.extensions)
    row["extensions"][component] = or_null(version);
  return row;
}

Value component_json(const ComponentVersions &each)
{
  Value row;
  row["component"] = each.name;
  row["inUse"] = or_null(each.in_use);
  row["newest"] = or_null(each.newest);
  row["pending"] = or_null(each.pending);
  return row;
}

Value next_json(const MachineStatus &status)
{
  if (!status.outlook)
    return {};
  const handoff::BootEntry &entry = status.outlook->menu.at(*status.outlook->next).entry;
  Value json;
  json["entry"] = entry.name.id;
  json["version"] = or_null(entry.version);
  json["transition"] = handoff::name(status.outlook->decision.transition);
  json["why"] = status.outlook->decision.why;
  json["turn"] = status.turn ? turn_json(*status.turn) : Value();
  return json;
}

Value last_run_json(const MachineStatus &status)
{
  if (!status.last_run)
    return {};
  Value json;
  json["time"] = status.last_run->time;
  json["failure"] = or_null(status.last_run->failure);
  return json;
}

Value status_json(const MachineStatus &status)
{
  Value json;
  json["running"] = or_null(status.running);
  json["next"] = next_json(status);
  json["policy"] = handoff::name(status.settings.policy);
  json["isMetered"] = status.surroundings.is_metered;
  json["isOnBattery"] = status.surroundings.is_on_battery;
  json["pin"] = or_null(status.policy.pin);
  json["hold"] = status.policy.hold;
  json["skipped"] = status.policy.skipped;
  json["lastRun"] = last_run_json(status);
  json["systems"] = Value::array();
  for (const SystemVersion &each : status.systems)
    json["systems"].push_back(system_json(each));
  json["components"] = Value::array();
  for (const ComponentVersions &each : status.components)
    json["components"].push_back(component_json(each));
  json["troubles"] = Value::array();
  for (const handoff::Trouble &each : status.troubles)
    json["troubles"].push_back({{"what", each.what}, {"todo", each.todo}});
  return json;
}

std::string line(const char *name, const std::string &text)
{
  return fmt::format("{:>10}: {}\n", name, text);
}

std::string next_text(const MachineStatus &status)
{
  const handoff::Decision &decision = status.outlook->decision;
  const std::string version = or_dash(status.outlook->menu.at(*status.outlook->next).entry.version);
  if (decision.transition == Transition::none)
    return line("Next", version + ", which runs");
  std::string text = line("Next",
                          fmt::format("{}, by a {}: {}",
                                      version,
                                      handoff::name(decision.transition),
                                      base::printable(decision.why)));
  if (status.turn)
    text += line("When", turn_text(*status.turn) + "; `strake apply` does it at once");
  return text;
}

/// What keeps updates from coming, besides the definitions.
std::string policy_text(const MachineStatus &status)
{
  std::vector<std::string> words = {std::string(handoff::name(status.settings.policy))};
  if (status.surroundings.is_metered)
    words.emplace_back("the network is metered");
  if (status.surroundings.is_on_battery)
    words.emplace_back("on battery");
  if (status.policy.hold)
    words.emplace_back("held");
  if (!status.policy.pin.empty())
    words.push_back("pinned to " + status.policy.pin);
  for (const std::string &version : status.policy.skipped)
    words.push_back("skips " + version);
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string last_run_text(const MachineStatus &status)
{
  if (!status.last_run)
    return "never";
  return utc(status.last_run->time) + (status.last_run->failure.empty() ? ", well" : ", failed");
}

std::string boot_text(const SystemVersion &each)
{
  if (!each.boot)
    return "-";
  const auto state = handoff::name(*each.boot);
  return each.boot == handoff::BootState::counted && each.tries_left
             ? fmt::format("{}, {} left", state, *each.tries_left)
             : std::string(state);
}

std::string when_text(const SystemVersion &each)
{
  if (each.is_running)
    return each.is_next ? "running, next" : "running";
  return each.is_next ? "next" : "-";
}

std::string extensions_text(const SystemVersion &each)
{
  std::vector<std::string> words;
  for (const auto &[component, version] : each.extensions)
    words.push_back(base::printable(component) + " " + or_dash(version));
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ", "));
}

std::string systems_text(const Call &call, const MachineStatus &status)
{
  Table table({{"SYSTEM"}, {"WHEN"}, {"BOOT"}, {"ASSESSMENT"}, {"EXTENSIONS"}});
  for (const SystemVersion &each : status.systems)
    table.add({base::printable(each.version),
               when_text(each),
               boot_text(each),
               or_dash(each.assessment),
               extensions_text(each)});
  return table.empty() ? "" : "\n" + table.text(call.header());
}

std::string components_text(const Call &call, const MachineStatus &status)
{
  Table table({{"COMPONENT"}, {"IN USE"}, {"NEWEST"}, {"PENDING"}});
  for (const ComponentVersions &each : status.components)
    table.add({base::printable(each.name),
               or_dash(each.in_use),
               or_dash(each.newest),
               or_dash(each.pending)});
  return table.empty() ? "" : "\n" + table.text(call.header());
}

std::string troubles_text(const MachineStatus &status)
{
  std::string text;
  for (const handoff::Trouble &each : status.troubles)
    text += fmt::format("\n{}\n  {}\n", base::printable(each.what), each.todo);
  return text;
}

} // namespace

int status(const Call &call)
{
  const MachineStatus status = handoff::read_status(call.host);
  if (call.wants_json()) {
    call.print_json(status_json(status));
    return 0;
  }
  call.print(line("Running", or_dash(status.running)));
  if (status.outlook)
    call.print(next_text(status));
  call.print(line("Policy", policy_text(status)));
  call.print(line("Last run", last_run_text(status)));
  call.print(systems_text(call, status));
  call.print(components_text(call, status));
  call.print(troubles_text(status));
  return 0;
}

} // namespace cli
