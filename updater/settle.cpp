// SPDX-License-Identifier: Apache-2.0
#include "updater/settle.hpp"

#include "updater/file_target.hpp"
#include "updater/policy.hpp"
#include "updater/slots.hpp"
#include "updater/withdraw.hpp"

namespace updater {

namespace {

enum class Healed { nothing, something };

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

} // namespace

Inventory settle(const base::Host &host, const base::Dir &state, const Scope &scope)
{
  Inventory inventory = take_inventory(host, scope);
  WritableDisks(host, inventory).repair_all();
  const Healed files = remove_hollow_boot_files(host, inventory);
  const Policy policy = read_policy(state, scope.component);
  const Withdrawn withdrawn =
      policy.rolled_back_to.empty()
          ? Withdrawn::nothing
          : withdraw_newer(host, inventory, policy.rolled_back_to, policy.skipped);
  if (files == Healed::something || withdrawn == Withdrawn::something)
    return take_inventory(host, scope);
  return inventory;
}

} // namespace updater
