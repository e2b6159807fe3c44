// SPDX-License-Identifier: Apache-2.0
#include "handoff/automatic.hpp"

#include "handoff/extension_component.hpp"
#include "handoff/hook.hpp"
#include "overlay/merge.hpp"
#include "updater/running.hpp"
#include "updater/state.hpp"

#include <algorithm>

namespace handoff {

namespace {

using std::chrono::sys_seconds;

constexpr std::chrono::seconds first_pause = std::chrono::minutes(15);
constexpr std::chrono::seconds longest_pause = std::chrono::hours(24);

std::string why_not_by_policy(const ReachNow &reach)
{
  return reach.why.empty() ? fmt::format("Policy={} leaves it to the next boot", name(reach.reach))
                           : reach.why;
}

std::string named(const std::vector<Inhibitor> &inhibitors)
{
  const Inhibitor &first = inhibitors.front();
  return fmt::format("{} does not want the machine to go down ({})", first.who, first.why);
}

/// Before it, because nobody may be there to do so after it.
void note_attempt(const base::Host &host, const BootEntry &entry)
{
  const base::Dir state = updater::open_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  ApplyRecord record = read_apply_record(state, entry.name.id);
  ++record.attempts;
  record.last_attempt = host.clock.now().time_since_epoch().count();
  write_apply_record(host.sys, state, record);
}

} // namespace

ReachNow decide_reach(const AutomaticSettings &settings, const Surroundings &surroundings)
{
  ReachNow now{settings.policy, {}};
  if (surroundings.is_metered && settings.on_metered < now.reach)
    now = {settings.on_metered, "the network is metered"};
  if (surroundings.is_on_battery && settings.on_battery < now.reach)
    now = {settings.on_battery, "the machine runs on battery"};
  return now;
}

Turn decide_turn(const TurnFacts &facts)
{
  if (facts.wish == When::boot)
    return {.is_now = false, .why = "it was left to the next boot by hand", .at = {}};
  if (facts.wish != When::window && facts.reach.reach != Reach::apply)
    return {.is_now = false, .why = why_not_by_policy(facts.reach), .at = {}};
  const sys_seconds opens = facts.opening ? std::max(facts.opening->begin, facts.now) : facts.now;
  if (facts.not_before > opens)
    return {.is_now = false, .why = "it was tried in vain", .at = facts.not_before};
  if (opens > facts.now)
    return {.is_now = false, .why = "no window is open", .at = opens};
  if (!facts.inhibitors.empty())
    return {.is_now = false, .why = named(facts.inhibitors), .at = {}};
  return {.is_now = true, .why = {}, .at = facts.now};
}

sys_seconds next_attempt(const ApplyRecord &record)
{
  if (record.attempts == 0)
    return {};
  std::chrono::seconds pause = first_pause;
  for (unsigned count = 1; count < record.attempts && pause < longest_pause; ++count)
    pause *= 2;
  return sys_seconds(std::chrono::seconds(record.last_attempt)) + std::min(pause, longest_pause);
}

ApplyRecord apply_record_of(const base::Host &host, const BootEntry &entry)
{
  const auto state = updater::find_state(host);
  return state ? read_apply_record(*state, entry.name.id) : ApplyRecord{.entry = entry.name.id};
}

void forget_attempts(const base::Host &host)
{
  const auto state = updater::find_state(host);
  if (!state || !has_apply_record(*state))
    return;
  const updater::Lock lock = updater::take_lock(host, *state);
  remove_apply_record(host.sys, *state);
}

Turn take_turn(const base::Host &host, const Outlook &outlook, const ApplyRecord &record)
{
  const AutomaticSettings settings = read_automatic_settings(host);
  TurnFacts facts{.reach = decide_reach(settings, read_surroundings(host)),
                  .now = host.clock.now()};
  facts.opening = next_opening(settings.windows, facts.now);
  facts.inhibitors = read_inhibitors(host);
  if (outlook.decision.transition != Transition::none) {
    facts.wish = record.wish;
    facts.not_before = next_attempt(record);
  }
  return decide_turn(facts);
}

TurnTaken use_turn(const base::Host &host, const Outlook &outlook)
{
  if (outlook.decision.transition == Transition::none) {
    if (!extension_components(host).empty())
      overlay::refresh(host, overlay::usual_requests(host));
    return {.is_done = true};
  }
  const BootEntry &next = outlook.menu.at(*outlook.next).entry;
  const HookSubject subject{.version = next.version,
                            .running = updater::running_version(host),
                            .transition = std::string(name(outlook.decision.transition))};
  if (const auto veto = ask_hooks(host, HookPoint::before_apply, subject))
    return {.is_done = false, .veto = *veto};
  note_attempt(host, next);
  put_into_effect(host, outlook);
  return {.is_done = true};
}

} // namespace handoff
