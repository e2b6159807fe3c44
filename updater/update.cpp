// SPDX-License-Identifier: Apache-2.0
#include "updater/update.hpp"

#include "base/error.hpp"
#include "base/version.hpp"
#include "updater/attempt.hpp"
#include "updater/commit.hpp"
#include "updater/content_record.hpp"
#include "updater/download.hpp"
#include "updater/history.hpp"
#include "updater/leftover.hpp"
#include "updater/running.hpp"
#include "updater/settle.hpp"
#include "updater/stage.hpp"
#include "updater/state.hpp"
#include "updater/vacuum.hpp"

namespace updater {

namespace {

using base::Level;

Limits limits_for(const base::Host &host,
                  const Inventory &inventory,
                  const Catalog &catalog,
                  const UpdateOptions &options)
{
  return {options.instances_max,
          versions_kept(host, inventory, catalog),
          version_on_trial(catalog, what_runs(host))};
}

bool is_present(const UpdateSet &set, Goal goal)
{
  if (set.is_whole())
    return true;
  return goal == Goal::acquire && !set.incomplete && !set.partial && set.installed;
}

void announce_choice(const base::Host &host, const Catalog &catalog, const UpdateSet &set)
{
  const std::string &version = set.version;
  if (set.partial)
    host.say(Level::info, "Selected update '{}' is partially acquired. Going on with it.", version);
  else if (set.installed && set.incomplete)
    host.say(Level::info,
             "Selected update '{}' is already installed, but incomplete. Repairing.",
             version);
  if (!set.newest)
    host.say(Level::notice, "Selected update '{}' is not the newest, proceeding anyway.", version);
  if (catalog.newest_installed &&
      base::compare_versions(catalog.sets[*catalog.newest_installed].version, version) > 0)
    host.say(Level::notice,
             "Selected update '{}' is older than newest installed version, proceeding anyway.",
             version);
  host.say(Level::info, "Selected update '{}' for install.", version);
}

Event event_of(const UpdateOptions &options, const std::string &version)
{
  Event event;
  event.action = options.goal == Goal::acquire ? "acquire" : "update";
  event.component = options.scope.component;
  event.version = version;
  return event;
}

void lift_policy(const base::Host &host,
                 const base::Dir &state,
                 const UpdateOptions &options,
                 Policy policy)
{
  // Asking for a version by name takes back an earlier decision against it.
  if (options.version.empty())
    return;
  const Policy before = policy;
  std::erase(policy.skipped, options.version);
  if (policy != before) {
    policy.rolled_back_to.clear();
    write_policy(host.sys, state, options.scope.component, policy);
  }
}

/// The same bad bytes again: the words that systemd-sysupdate has for a version that is stuck.
[[noreturn]] void fail_again(const std::string &version, const base::Error &error)
{
  base::fail(error.kind(),
             "Selected update '{}' is already acquired and partially installed. Vacuum it to try "
             "installing again. It was fetched once more just now, and failed as before: {}",
             version,
             error.what());
}

/// Leaves word of a failure for `list`, `history` and the next run.
template <typename Body>
void with_attempt(const base::Host &host,
                  const base::Dir &state,
                  const UpdateOptions &options,
                  const std::string &version,
                  Body &&body)
{
  const std::string &component = options.scope.component;
  const auto earlier = read_attempt(state, component);
  write_attempt(host.sys, state, component, {version, "", options.link});
  try {
    body();
  } catch (const base::Error &error) {
    const Attempt failed{version, error.what(), options.link};
    write_attempt(host.sys, state, component, failed);
    Event event = event_of(options, version);
    event.outcome = "failed";
    event.detail = error.what();
    record(host, state, event);
    const bool is_same =
        earlier && earlier->version == version && earlier->failure == failed.failure;
    if (is_same && error.kind() == base::Kind::untrusted)
      fail_again(version, error);
    throw;
  }
  forget_attempt(host.sys, state, component);
}

Outcome bring(const base::Host &host,
              const base::Dir &state,
              const UpdateOptions &options,
              Inventory &inventory,
              const UpdatePlan &plan)
{
  const Presence presence = options.goal == Goal::acquire ? Presence::pending : Presence::installed;
  with_attempt(host, state, options, plan.version, [&] {
    Staged staged = stage(host, state, inventory, plan); // bytes on disk, still invisible
    Verified verified = verify(host, std::move(staged)); // read back from the disk
    record_content(host, state, *verified);
    commit(host, std::move(verified), presence, options.link); // data first, boot entry last
  });
  Event event = event_of(options, plan.version);
  event.outcome = presence == Presence::pending ? "acquired" : "installed";
  record(host, state, event);
  return presence == Presence::pending ? Outcome::acquired : Outcome::installed;
}

std::vector<Changed> changes(const Inventory &inventory, const UpdatePlan &plan)
{
  std::vector<Changed> changed;
  for (const Step &step : plan.steps) {
    if (step.action == Action::keep)
      continue;
    const Holding &holding = inventory.holdings[step.transfer];
    changed.push_back({holding.transfer.id,
                       step.partition != 0 ? partition_path(holding.target_path, step.partition)
                                           : holding.target_path + "/" + step.name});
  }
  return changed;
}

/// Nothing is taken away because of it: going back is for people to decide. What is judged by a
/// system that is to come is not wrong with the one that runs.
void warn_of_withdrawn(const base::Host &host, const Scope &scope, const Catalog &catalog)
{
  if (!catalog.newest_installed || scope.os_release)
    return;
  const UpdateSet &set = catalog.sets[*catalog.newest_installed];
  if (const Terms *terms = catalog.terms_of(set.version); terms != nullptr && !terms->why.empty())
    host.say(base::Level::warning,
             "{} is installed, but {}; `strake rollback` goes back to an earlier version",
             set.version,
             terms->why);
}

} // namespace

Catalog survey(const base::Host &host, const Scope &scope, Inventory &inventory)
{
  if (scope.offline == Offline::no)
    add_offers(host, scope, inventory);
  Catalog catalog = assess(inventory.holdings, scope.offline);
  if (const auto state = find_state(host))
    if (const auto attempt = read_attempt(*state, scope.component))
      show_attempt(catalog, *attempt, inventory.holdings.size());
  return catalog;
}

UpdateResult update(const base::Host &host, const UpdateOptions &options)
{
  const base::Dir state = open_state(host);
  const Lock lock = take_lock(host, state);
  Inventory inventory = settle(host, state, options.scope);
  Scope scope = options.scope;
  scope.remember = Remember::yes;
  const Catalog catalog = survey(host, scope, inventory);
  const Policy policy = read_policy(state, options.scope.component);
  warn_of_withdrawn(host, scope, catalog);

  const Choice choice = choose(catalog, policy, options.version);
  if (choice.set == nullptr)
    return {};
  if (is_present(*choice.set, options.goal))
    return {Outcome::already_present, choice.set->version, {}, {}};
  lift_policy(host, state, options, policy);
  announce_choice(host, catalog, *choice.set);

  const Limits limits = limits_for(host, inventory, catalog, options);
  const UpdatePlan plan = plan_update(inventory.holdings, *choice.set, limits);
  remove_leftovers(host, inventory); // the room they take may be what the update needs
  const Outcome outcome = bring(host, state, options, inventory, plan);

  UpdateResult result{outcome, plan.version, {}, {}};
  if (outcome == Outcome::installed)
    result.changed = changes(inventory, plan);
  if (outcome == Outcome::installed)
    pass_rollback(host.sys, state, options.scope.component, plan.version);
  if (outcome == Outcome::installed)
    result.removed = tidy_up(host, state, inventory, plan, limits); // never before this
  return result;
}

std::unique_ptr<Foreseen> foresee(const base::Host &host, const UpdateOptions &options)
{
  auto foreseen = std::make_unique<Foreseen>();
  foreseen->inventory = take_inventory(host, options.scope);
  foreseen->catalog = survey(host, options.scope, foreseen->inventory);
  const auto state = find_state(host);
  const Policy policy = state ? read_policy(*state, options.scope.component) : Policy{};
  foreseen->choice = choose(foreseen->catalog, policy, options.version);
  const UpdateSet *set = foreseen->choice.set;
  if (set != nullptr && !is_present(*set, options.goal))
    foreseen->plan = plan_update(foreseen->inventory.holdings,
                                 *set,
                                 limits_for(host, foreseen->inventory, foreseen->catalog, options));
  return foreseen;
}

} // namespace updater
