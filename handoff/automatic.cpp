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

sys_seconds next_attempt(const std::vector<updater::Event> &history, const std::string &version)
{
  sys_seconds last{};
  std::chrono::seconds pause{0};
  for (const updater::Event &event : history) {
    if (event.action != "apply" || event.outcome != "begun" || event.version != version)
      continue;
    pause = pause.count() == 0 ? first_pause : std::min(2 * pause, longest_pause);
    last = sys_seconds(std::chrono::seconds(event.time));
  }
  return last + pause;
}

std::optional<When> wish_for(const base::Host &host, const BootEntry &entry)
{
  const auto state = updater::find_state(host);
  const auto wish = state ? read_apply_wish(*state) : std::nullopt;
  return wish && wish->entry == entry.name.id ? std::optional(wish->when) : std::nullopt;
}

Turn take_turn(const base::Host &host, const Outlook &outlook, std::optional<When> wish)
{
  const AutomaticSettings settings = read_automatic_settings(host);
  TurnFacts facts{.reach = decide_reach(settings, read_surroundings(host)),
                  .now = host.clock.now()};
  facts.opening = next_opening(settings.windows, facts.now);
  facts.inhibitors = read_inhibitors(host);
  if (outlook.decision.transition != Transition::none) {
    facts.wish = wish;
    if (const auto state = updater::find_state(host))
      facts.not_before =
          next_attempt(updater::read_history(*state), outlook.menu.at(*outlook.next).entry.version);
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
  const HookSubject subject{.version = outlook.menu.at(*outlook.next).entry.version,
                            .running = updater::running_version(host),
                            .transition = std::string(name(outlook.decision.transition))};
  if (const auto veto = ask_hooks(host, HookPoint::before_apply, subject))
    return {.is_done = false, .veto = *veto};
  put_into_effect(host, outlook);
  return {.is_done = true};
}

} // namespace handoff
