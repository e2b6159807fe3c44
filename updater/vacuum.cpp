// SPDX-License-Identifier: Apache-2.0
#include "updater/vacuum.hpp"

#include "updater/attempt.hpp"
#include "updater/download.hpp"
#include "updater/history.hpp"
#include "updater/leftover.hpp"
#include "updater/running.hpp"
#include "updater/settle.hpp"
#include "updater/state.hpp"

#include <algorithm>
#include <map>

namespace updater {

namespace {

using base::Level;

Victims disabled_of(const Inventory &inventory, const Limits &limits)
{
  Victims victims;
  for (std::size_t index = 0; index < inventory.disabled.size(); ++index)
    for (Instance &instance : disabled_victims(inventory.disabled[index], limits))
      victims.emplace_back(index, std::move(instance));
  return victims;
}

/// As systemd-sysupdate counts: the most that any one transfer lost.
std::size_t most_of_one(const Victims &victims)
{
  std::map<std::size_t, std::size_t> counts;
  std::size_t most = 0;
  for (const auto &[transfer, instance] : victims)
    most = std::max(most, ++counts[transfer]);
  return most;
}

std::size_t transfers_in(const Victims &victims)
{
  std::map<std::size_t, std::size_t> counts;
  for (const auto &[transfer, instance] : victims)
    ++counts[transfer];
  return counts.size();
}

Vacuumed decide(const base::Host &host,
                const Inventory &inventory,
                const std::optional<std::uint64_t> &instances_max)
{
  const Catalog catalog = assess(inventory.holdings, Offline::yes);
  const Limits limits{instances_max, versions_kept(host, inventory, catalog)};
  Vacuumed result;
  for (std::size_t index = 0; index < inventory.holdings.size(); ++index)
    for (Instance &instance : vacuum_victims(inventory.holdings[index], limits))
      result.old.emplace_back(index, std::move(instance));
  result.disabled = disabled_of(inventory, limits);
  result.leftovers = list_leftovers(inventory);
  result.removed = {most_of_one(result.old), transfers_in(result.disabled)};
  return result;
}

void forget_staged(const base::Host &host, const base::Dir &state, const std::string &component)
{
  if (const auto attempt = read_attempt(state, component))
    host.say(Level::info, "♻ Removing old partial '{}' (staged download).", attempt->version);
  clear_staging(host.sys, state, {});
  forget_attempt(host.sys, state, component);
}

void report(const base::Host &host, const Removed &removed)
{
  if (removed.instances > 0 && removed.disabled_transfers > 0)
    host.say(Level::info,
             "Removed {} instances, and {} disabled transfers.",
             removed.instances,
             removed.disabled_transfers);
  else if (removed.instances > 0)
    host.say(Level::info, "Removed {} instances.", removed.instances);
  else if (removed.disabled_transfers > 0)
    host.say(Level::info, "Removed {} disabled transfers.", removed.disabled_transfers);
  else
    host.log(Level::info, "Found nothing to remove.");
}

void remember(const base::Host &host,
              const base::Dir &state,
              const std::string &component,
              const Vacuumed &done)
{
  if (done.old.empty() && done.disabled.empty())
    return;
  Event event;
  event.action = "vacuum";
  event.component = component;
  event.outcome = "removed";
  for (const Victims *victims : {&done.old, &done.disabled})
    for (const auto &[transfer, instance] : *victims)
      event.detail += (event.detail.empty() ? "" : ", ") + instance.path;
  record(host, state, event);
}

} // namespace

Vacuumed vacuum(const base::Host &host,
                const Scope &scope,
                const std::optional<std::uint64_t> &instances_max)
{
  const base::Dir state = open_state(host);
  const Lock lock = take_lock(host, state);
  Inventory inventory = settle(host, state, scope);
  host.log(Level::info, "Making room…");
  Vacuumed result = decide(host, inventory, instances_max);
  remove_leftovers(host, inventory);
  remove_all(host, inventory, Among::enabled, result.old, "old");
  remove_all(host, inventory, Among::disabled, result.disabled, "disabled");
  forget_staged(host, state, scope.component);
  remember(host, state, scope.component, result);
  report(host, result.removed);
  return result;
}

Vacuumed foresee_vacuum(const base::Host &host,
                        const Scope &scope,
                        const std::optional<std::uint64_t> &instances_max)
{
  return decide(host, take_inventory(host, scope), instances_max);
}

Removed tidy_up(const base::Host &host,
                const base::Dir &state,
                Inventory &inventory,
                const UpdatePlan &plan,
                const Limits &limits)
{
  Victims old;
  for (const Step &step : plan.steps) {
    for (const Instance &victim : step.victims)
      if (victim.partition == 0) // slots were emptied by the commit
        old.emplace_back(step.transfer, victim);
    for (const Instance &instance : inventory.holdings[step.transfer].installed)
      if (instance.presence == Presence::partial && instance.partition != step.partition &&
          instance.metadata.version != plan.version)
        old.emplace_back(step.transfer, instance);
  }
  const Victims disabled = disabled_of(inventory, limits);
  remove_all(host, inventory, Among::enabled, old, "old");
  remove_all(host, inventory, Among::disabled, disabled, "disabled");
  clear_staging(host.sys, state, {});
  return {most_of_one(old), transfers_in(disabled)};
}

} // namespace updater
