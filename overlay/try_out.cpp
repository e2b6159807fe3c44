// SPDX-License-Identifier: Apache-2.0
#include "overlay/try_out.hpp"

#include "base/error.hpp"
#include "overlay/extension_settings.hpp"
#include "overlay/find.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/history.hpp"
#include "overlay/merge.hpp"
#include "overlay/trial.hpp"

#include <algorithm>

namespace overlay {

namespace {

using base::Kind;

bool is_installed(const base::Host &host,
                  const std::vector<Request> &requests,
                  const std::string &name)
{
  return std::any_of(requests.begin(), requests.end(), [&](const Request &request) {
    const Discovery discovery = find_images(host, request.extension_class);
    return std::any_of(discovery.images.begin(), discovery.images.end(), [&](const Image &image) {
      return image.name == name;
    });
  });
}

bool is_merged(const base::Host &host, const std::string &name)
{
  const Generation present = present_generation(host);
  return std::any_of(present.sets.begin(), present.sets.end(), [&](const auto &entry) {
    return entry.second.find(name) != nullptr;
  });
}

void refuse_unless_possible(const base::Host &host,
                            const std::vector<Request> &requests,
                            const std::string &name)
{
  if (!is_installed(host, requests, name))
    base::fail(
        Kind::not_found, "there is no extension {}; `strake ext list` shows those there are", name);
  if (is_merged(host, name))
    base::fail(Kind::usage, "{} is merged already, so there is nothing to try", name);
  if (const auto held = held_generation(host))
    base::fail(Kind::usage,
               "generation {} is held, and nothing else is merged; `strake ext release` ends that",
               *held);
  if (const auto trial = present_trial(host))
    base::fail(Kind::busy,
               "{} is on trial; end that first, with `strake ext keep` or `strake ext take-back`",
               trial->name);
}

/// A timer of systemd, which survives whatever becomes of our processes.
void start_timer(const base::Host &host, const Guard &guard, std::chrono::seconds duration)
{
  base::Command command{.argv = {"systemd-run",
                                 "--quiet",
                                 "--collect",
                                 "--description=The end of a trial of an extension",
                                 "--timer-property=AccuracySec=1s",
                                 fmt::format("--on-active={}s", duration.count())}};
  for (const std::string &variable : guard.environment)
    command.argv.push_back("--setenv=" + variable);
  command.argv.insert(command.argv.end(), guard.command.begin(), guard.command.end());
  const base::Finished started = host.programs.run(command);
  if (started.status != 0)
    base::fail(Kind::io,
               "systemd-run could not start a timer that ends the trial: {}",
               started.errors.substr(0, started.errors.find('\n')));
}

void start_guard(const base::Host &host, const Guard &guard, std::chrono::seconds duration)
{
  if (host.is_running_system && host.machine.find_dir("run/systemd/system"))
    start_timer(host, guard, duration);
  else
    host.programs.start({.argv = guard.command, .environment = guard.environment});
}

void merge_on_trial(const base::Host &host,
                    const Lock &lock,
                    const std::vector<Request> &requests,
                    const std::string &name)
{
  const std::vector<Plan> plans = refresh(lock, host, requests, "try");
  if (is_merged(host, name))
    return;
  for (const Plan &plan : plans)
    for (const Omission &each : plan.selection.omitted)
      if (each.image.name == name)
        base::fail(Kind::config,
                   "{} cannot be merged ({}): {}; {}",
                   name,
                   each.verdict.rule,
                   each.verdict.why,
                   each.verdict.fix);
  base::fail(Kind::config, "{} has nothing to be merged", name);
}

} // namespace

void try_out(const base::Host &host,
             const std::vector<Request> &requests,
             const std::string &name,
             std::chrono::seconds duration,
             const Guard &guard)
{
  const Lock lock = take_lock(host);
  refuse_unless_possible(host, requests, name);
  const bool was_enabled = read_extension_settings(host, name).enabled;
  write_trial(host, {name, host.clock.monotonic() + duration});
  try {
    start_guard(host, guard, duration);
    if (was_enabled)
      set_enabled(host, name, Enabled::no);
    merge_on_trial(host, lock, requests, name);
  } catch (const base::Error &) {
    end_trial(host);
    if (was_enabled)
      set_enabled(host, name, Enabled::yes);
    throw;
  }
}

std::string keep(const base::Host &host)
{
  const Lock lock = take_lock(host);
  const auto trial = present_trial(host);
  if (!trial)
    base::fail(Kind::not_found, "no extension is on trial");
  set_enabled(host, trial->name, Enabled::yes);
  end_trial(host);
  return trial->name;
}

bool take_back(const base::Host &host, const std::vector<Request> &requests, Ended ended)
{
  const Lock lock = take_lock(host);
  if (!read_trial(host) || (ended == Ended::by_time && present_trial(host)))
    return false;
  end_trial(host);
  refresh(lock, host, requests, "take-back");
  return true;
}

void wait_until_over(const base::Host &host)
{
  constexpr std::chrono::milliseconds pause{1000}; // somebody may keep it in the meantime
  while (const auto trial = present_trial(host))
    host.clock.sleep(std::min(pause, trial->until - host.clock.monotonic()));
}

} // namespace overlay
