// SPDX-License-Identifier: Apache-2.0
#include "cli/automatic.hpp"

#include "base/error.hpp"
#include "handoff/apply.hpp"
#include "handoff/automatic.hpp"
#include "handoff/hook.hpp"
#include "handoff/last_run.hpp"
#include "handoff/metrics.hpp"
#include "handoff/reboot_mark.hpp"
#include "updater/history.hpp"
#include "updater/running.hpp"
#include "updater/state.hpp"

namespace cli {

namespace {

using base::Level;
using handoff::HookPoint;
using handoff::Reach;

void tell_news(const Call &call, const std::string &component)
{
  updater::UpdateOptions options;
  options.scope = call.scope_of(component);
  options.version = call.argument();
  const auto foreseen = updater::foresee(call.host, options);
  if (!foreseen->plan)
    return;
  const std::string &version = foreseen->plan->version;
  call.host.say(
      Level::notice, "{}{} is available.", component.empty() ? "" : component + " ", version);
  if (!call.options.dry_run)
    updater::note_news(
        call.host,
        {.action = "check", .component = component, .version = version, .outcome = "available"});
}

int go(const Call &call, Reach reach)
{
  switch (reach) {
  case Reach::notify:
    return for_selected(call, tell_news);
  case Reach::download:
    return bring(call, updater::Goal::acquire);
  case Reach::stage:
  case Reach::apply:
    return bring(call, updater::Goal::install);
  }
  return 0;
}

void note_run(const Call &call, const std::string &failure)
{
  if (call.options.dry_run)
    return;
  const base::Dir state = updater::open_state(call.host);
  handoff::write_last_run(
      call.host.sys, state, {call.host.clock.now().time_since_epoch().count(), failure});
}

} // namespace

bool may_come(const Call &call, updater::UpdateOptions &options)
{
  if (handoff::hooks_at(call.host, HookPoint::before_update).empty())
    return true;
  const auto foreseen = updater::foresee(call.host, options);
  if (!foreseen->plan)
    return true;
  options.version = foreseen->plan->version;
  const auto veto = handoff::ask_hooks(call.host,
                                       HookPoint::before_update,
                                       {.component = options.scope.component,
                                        .version = options.version,
                                        .running = updater::running_version(call.host)});
  if (veto)
    call.host.say(Level::notice, "{} does not come now: {}", options.version, *veto);
  return !veto;
}

void tell_hooks(const Call &call, const std::string &component, const updater::UpdateResult &result)
{
  if (result.outcome == updater::Outcome::installed || result.outcome == updater::Outcome::acquired)
    handoff::run_hooks(call.host,
                       HookPoint::after_update,
                       {.component = component,
                        .version = result.version,
                        .running = updater::running_version(call.host)});
}

void mark_what_waits(const Call &call)
{
  if (!call.host.is_running_system || call.options.face != Face::strake)
    return;
  try {
    const handoff::Kexec kexec = handoff::read_automatic_settings(call.host).kexec;
    if (const auto outlook = handoff::find_outlook(call.host, kexec)) {
      const handoff::Transition transition = outlook->decision.transition;
      handoff::mark_reboot(call.host, transition, outlook->menu.at(*outlook->next).entry.version);
      if (transition == handoff::Transition::none)
        handoff::forget_attempts(call.host);
    }
    handoff::write_metrics(call.host);
  } catch (const base::Error &error) { // what was to be done is done
    call.host.say(Level::warning, "What waits could not be marked: {}", error.what());
  }
}

int update_by_policy(const Call &call)
{
  const handoff::ReachNow now = handoff::decide_reach(handoff::read_automatic_settings(call.host),
                                                      handoff::read_surroundings(call.host));
  if (!now.why.empty())
    call.host.say(
        Level::notice, "Because {}, no more than Policy={} now.", now.why, name(now.reach));
  try {
    const int status = go(call, now.reach);
    note_run(call, "");
    return status;
  } catch (const base::Error &error) {
    note_run(call, error.what());
    throw;
  }
}

} // namespace cli
