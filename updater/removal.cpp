// SPDX-License-Identifier: Apache-2.0
#include "updater/removal.hpp"

#include "updater/file_target.hpp"
#include "updater/slots.hpp"

#include <algorithm>
#include <set>

namespace updater {

namespace {

std::string_view word(ResourceKind kind)
{
  switch (kind) {
  case ResourceKind::partition:
    return "partition";
  case ResourceKind::directory:
    return "directory";
  case ResourceKind::subvolume:
    return "subvolume";
  default:
    return "regular-file";
  }
}

std::string_view mark(Presence presence)
{
  switch (presence) {
  case Presence::partial:
    return " partial";
  case Presence::pending:
    return " pending";
  case Presence::installed:
    return "";
  }
  return "";
}

} // namespace

void remove_all(const base::Host &host,
                Inventory &inventory,
                Among among,
                const Victims &victims,
                std::string_view why)
{
  const auto &holdings = among == Among::enabled ? inventory.holdings : inventory.disabled;
  auto &ways = among == Among::enabled ? inventory.ways : inventory.disabled_ways;
  Victims files;
  Victims slots;
  std::set<std::string> versions_without_slot;
  for (const auto &victim : victims) {
    host.say(base::Level::info,
             "♻ Removing {}{} '{}' ({}).",
             why,
             mark(victim.second.presence),
             victim.second.path,
             word(holdings[victim.first].transfer.target.kind));
    if (victim.second.partition == 0) {
      files.push_back(victim);
      continue;
    }
    slots.push_back(victim);
    if (victim.second.presence == Presence::installed)
      versions_without_slot.insert(victim.second.metadata.version);
  }
  const auto is_boot = [&](const auto &victim) { return holdings[victim.first].is_boot; };
  std::stable_sort(files.begin(), files.end(), [&](const auto &one, const auto &other) {
    if (is_boot(one) != is_boot(other))
      return is_boot(one);
    return boot_rank(one.second.name) > boot_rank(other.second.name);
  });
  const auto first_plain = std::find_if_not(files.begin(), files.end(), is_boot);
  for (auto victim = files.begin(); victim != first_plain; ++victim)
    remove_instance(host.sys, *ways[victim->first].target, victim->second.name);
  if (!slots.empty()) {
    remove_boot_entries(host, inventory, versions_without_slot);
    WritableDisks disks(host, inventory);
    empty_slots(disks, holdings, ways, slots);
  }
  for (auto victim = first_plain; victim != files.end(); ++victim)
    remove_instance(host.sys, *ways[victim->first].target, victim->second.name);
}

} // namespace updater
