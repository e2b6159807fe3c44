// SPDX-License-Identifier: Apache-2.0
#include "updater/policy.hpp"

#include "cli/automatic.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"
#include "cli/verbs.hpp"
#include "updater/history.hpp"
#include "updater/repair.hpp"
#include "updater/rollback.hpp"
#include "updater/state.hpp"

#include <algorithm>

namespace cli {

namespace {

using updater::Event;
using updater::Finding;
using updater::Policy;

Value policy_json(const Policy &policy)
{
  Value json;
  json["pin"] = or_null(policy.pin);
  json["hold"] = policy.hold;
  json["skipped"] = policy.skipped;
  json["rolledBackTo"] = or_null(policy.rolled_back_to);
  return json;
}

bool holds(const std::vector<std::string> &all, const std::string &one)
{
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// What a change would mean, one line a decision.
std::string policy_changes(const Policy &before, const Policy &after)
{
  std::string text;
  if (before.pin != after.pin)
    text += after.pin.empty() ? fmt::format("would lift the pin to {}\n", before.pin)
                              : fmt::format("would install no other version than {}\n", after.pin);
  if (before.hold != after.hold)
    text += after.hold ? "would install nothing until released\n" : "would lift the hold\n";
  for (const std::string &version : after.skipped)
    if (!holds(before.skipped, version))
      text += fmt::format("would skip {}\n", version);
  for (const std::string &version : before.skipped)
    if (!holds(after.skipped, version))
      text += fmt::format("would not skip {} any more\n", version);
  if (before.rolled_back_to != after.rolled_back_to)
    text += fmt::format("would forget the rollback to {}\n", before.rolled_back_to);
  return text.empty() ? "Nothing would change.\n" : text;
}

Policy present_policy(const Call &call)
{
  const auto state = updater::find_state(call.host);
  return state ? updater::read_policy(*state, call.options.component) : Policy{};
}

int change(const Call &call, const std::function<Policy(Policy)> &how)
{
  const Options &options = call.options;
  if (!options.dry_run) {
    const Policy policy =
        updater::change_policy(call.host, options.component, options.verb, call.argument(), how);
    if (call.wants_json())
      call.print_json(policy_json(policy));
    return 0;
  }
  const Policy before = present_policy(call);
  const Policy after = how(before);
  if (call.wants_json())
    call.print_json(policy_json(after));
  else
    call.print(policy_changes(before, after));
  return 0;
}

std::string_view word(Finding::State state)
{
  switch (state) {
  case Finding::State::whole:
    return "whole";
  case Finding::State::unknown:
    return "unknown";
  case Finding::State::damaged:
    return "damaged";
  case Finding::State::demoted:
    return "demoted";
  }
  return "unknown";
}

} // namespace

int history(const Call &call)
{
  const auto state = updater::find_state(call.host);
  const std::vector<Event> events = state ? updater::read_history(*state) : std::vector<Event>{};
  Value json = Value::array();
  Table table({{"TIME"}, {"ACTION"}, {"COMPONENT"}, {"VERSION"}, {"OUTCOME"}, {"DETAIL"}});
  const auto dash = [](const std::string &text) { return text.empty() ? "-" : text; };
  for (const Event &event : events) {
    Value entry;
    entry["time"] = event.time;
    entry["action"] = event.action;
    entry["component"] = or_null(event.component);
    entry["version"] = or_null(event.version);
    entry["outcome"] = event.outcome;
    entry["detail"] = event.detail;
    json.push_back(std::move(entry));
    table.add({utc(event.time),
               event.action,
               dash(event.component),
               dash(event.version),
               event.outcome,
               dash(event.detail)});
  }
  if (call.wants_json())
    call.print_json(json);
  else if (table.empty())
    call.print("No history.\n");
  else
    call.print(table.text(call.header()));
  return 0;
}

int rollback(const Call &call)
{
  const updater::RollbackPlan done =
      call.options.dry_run ? updater::foresee_rollback(call.host, call.scope(), call.argument())
                           : updater::rollback(call.host, call.scope(), call.argument());
  if (!call.options.dry_run)
    mark_what_waits(call);
  if (call.wants_json()) {
    Value json;
    json["version"] = done.version;
    json["withdrawn"] = done.withdrawn;
    call.print_json(json);
    return 0;
  }
  const char *would = call.options.dry_run ? "would be taken" : "taken";
  for (const std::string &version : done.withdrawn)
    call.print(fmt::format(
        "{} {} out of effect; it is skipped until asked for by name\n", version, would));
  call.print(fmt::format("{} {} from the next boot on\n",
                         done.version,
                         call.options.dry_run ? "would be in effect" : "is in effect"));
  return 0;
}

int pin(const Call &call)
{
  return change(call, [&](Policy policy) {
    policy.pin = call.argument();
    return policy;
  });
}

int hold(const Call &call)
{
  return change(call, [](Policy policy) {
    policy.hold = true;
    return policy;
  });
}

int skip(const Call &call)
{
  return change(call, [&](Policy policy) {
    if (!holds(policy.skipped, call.argument()))
      policy.skipped.push_back(call.argument());
    return policy;
  });
}

int release(const Call &call)
{
  return change(call, [&](Policy policy) {
    const std::string version = call.argument();
    if (version.empty())
      return Policy{};
    std::erase(policy.skipped, version);
    if (policy.pin == version)
      policy.pin.clear();
    policy.rolled_back_to.clear(); // what was left behind may come back, so it may stay as well
    return policy;
  });
}

int repair(const Call &call)
{
  const auto findings = updater::repair(
      call.host, call.scope(), call.options.dry_run ? updater::Demote::no : updater::Demote::yes);
  Value json = Value::array();
  Table table({{"STATE"}, {"VERSION"}, {"TRANSFER"}, {"PLACE"}});
  bool is_damaged = false;
  for (const Finding &finding : findings) {
    Value entry;
    entry["state"] = word(finding.state);
    entry["version"] = finding.version;
    entry["transfer"] = finding.transfer;
    entry["path"] = finding.path;
    json.push_back(std::move(entry));
    table.add({std::string(word(finding.state)), finding.version, finding.transfer, finding.path});
    is_damaged |= finding.state == Finding::State::damaged;
  }
  if (call.wants_json())
    call.print_json(json);
  else
    call.print(table.text(call.header()));
  return is_damaged ? exit_no : 0;
}

} // namespace cli
