// SPDX-License-Identifier: Apache-2.0
#include "updater/settle.hpp"

#include "updater/attempt.hpp"
#include "updater/commit.hpp"
#include "updater/file_target.hpp"
#include "updater/policy.hpp"
#include "updater/slots.hpp"
#include "updater/withdraw.hpp"

namespace updater {

namespace {

enum class Healed { nothing, something };

/// A run that was killed leaves changes that the kernel may not have written yet, and that look as
/// if they were on disk. They must be there before anything is built on them: a boot entry that
/// was removed like that would come back in a power cut, to a slot that was written meanwhile.
void settle_caches(const base::Host &host, const base::Dir &state, const Inventory &inventory)
{
  host.sys.sync(state);
  for (std::size_t index = 0; index < inventory.holdings.size(); ++index) {
    const auto &place = inventory.ways[index].target;
    if (!place || !place->dir)
      continue;
    for (const Instance &instance : inventory.holdings[index].installed)
      settle_instance(host.sys, *place, instance.name);
    host.sys.sync(*place->dir);
  }
}

Healed remove_hollow_boot_files(const base::Host &host, Inventory &inventory)
{
  Healed healed = Healed::nothing;
  for (std::size_t index = 0; index < inventory.holdings.size(); ++index) {
    const Holding &holding = inventory.holdings[index];
    if (!holding.is_boot || holding.transfer.target.kind != ResourceKind::regular_file)
      continue;
    Place &place = *inventory.ways[index].target;
    for (const Instance &instance : holding.installed) {
      const auto status = place.dir->status(instance.name);
      if (!status || status->st_size != 0)
        continue;
      host.say(base::Level::notice, "Removing '{}', which a power cut left empty.", instance.path);
      remove_instance(host.sys, place, instance.name);
      healed = Healed::something;
    }
  }
  return healed;
}

/// An update that was cut after its last boot entry is whole, but what follows may be missing.
void end_attempt(const base::Host &host, const base::Dir &state, const Inventory &inventory)
{
  const auto attempt = read_attempt(state, inventory.component);
  if (!attempt)
    return;
  const Catalog catalog = assess(inventory.holdings, Offline::yes);
  const UpdateSet *set = catalog.find(attempt->version);
  if (set == nullptr || !set->is_whole())
    return;
  follow_up(host, inventory, plan_update(inventory.holdings, *set, {}), attempt->link);
  forget_attempt(host.sys, state, inventory.component);
}

/// A rollback may have been cut, and a slot that ran then can be taken out of effect only now. But
/// nothing is taken out of effect for a version that could not boot in its place, or that an update
/// has gone beyond.
Withdrawn hold_rollback(const base::Host &host, const base::Dir &state, Inventory &inventory)
{
  const Policy policy = read_policy(state, inventory.component);
  if (policy.rolled_back_to.empty())
    return Withdrawn::nothing;
  const Catalog catalog = assess(inventory.holdings, Offline::yes);
  const UpdateSet *kept = catalog.find(policy.rolled_back_to);
  if (kept == nullptr || !kept->is_whole())
    return Withdrawn::nothing;
  return withdraw_newer(host, inventory, policy.rolled_back_to, policy.skipped);
}

} // namespace

Inventory settle(const base::Host &host, const base::Dir &state, const Scope &scope)
{
  Inventory inventory = take_inventory(host, scope);
  settle_caches(host, state, inventory);
  WritableDisks(host, inventory).repair_all();
  const Healed files = remove_hollow_boot_files(host, inventory);
  end_attempt(host, state, inventory);
  const Withdrawn withdrawn = hold_rollback(host, state, inventory);
  if (files == Healed::something || withdrawn == Withdrawn::something)
    return take_inventory(host, scope);
  return inventory;
}

} // namespace updater
