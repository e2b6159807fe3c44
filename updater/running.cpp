// SPDX-License-Identifier: Apache-2.0
#include "updater/running.hpp"

#include "base/os_release.hpp"
#include "base/uuid.hpp"
#include "updater/handed_over.hpp"
#include "updater/plan.hpp"
#include "updater/state.hpp"
#include "updater/system_set.hpp"
#include "verity/mapped_device.hpp"

#include <optional>
#include <set>
#include <sstream>
#include <vector>

namespace updater {

namespace {

constexpr std::size_t half_of_a_root_hash = 32; // hex digits

/// The root hashes on the command line.
std::vector<std::string> booted_root_hashes(const base::Host &host)
{
  std::vector<std::string> hashes;
  std::istringstream words(host.machine.text("/proc/cmdline").value_or(""));
  for (std::string word; words >> word;)
    for (const std::string_view key : {"roothash=", "usrhash="})
      if (word.starts_with(key))
        hashes.push_back(word.substr(key.size()));
  return hashes;
}

/// That of the device / is on, where its name tells it; after a soft-reboot the command line is
/// still that of the system before.
std::optional<std::string> mounted_root_hash(const base::Host &host)
{
  constexpr std::string_view ending = "-verity";
  const auto root = host.root.status(".");
  if (!root)
    return std::nullopt;
  const auto name = verity::mapped_name(host.machine, root->st_dev);
  if (!name || !name->ends_with(ending))
    return std::nullopt;
  return name->substr(0, name->size() - ending.size());
}

} // namespace

std::set<base::Uuid> running_partitions(const base::Host &host)
{
  const auto mounted = mounted_root_hash(host);
  std::set<base::Uuid> uuids;
  for (const std::string &hash :
       mounted ? std::vector<std::string>{*mounted} : booted_root_hashes(host)) {
    if (hash.size() < 2 * half_of_a_root_hash)
      continue;
    for (const std::string &half :
         {hash.substr(0, half_of_a_root_hash), hash.substr(hash.size() - half_of_a_root_hash)})
      if (const auto uuid = base::Uuid::parse(half))
        uuids.insert(*uuid);
  }
  return uuids;
}

std::string running_version(const base::Host &host)
{
  return base::read_os_release(host.root)["IMAGE_VERSION"];
}

Running what_runs(const base::Host &host)
{
  const std::string version = running_version(host);
  return {version, !version.empty() && handed_over(host) == version};
}

std::set<std::string> versions_in_use(const Inventory &inventory)
{
  std::set<std::string> versions;
  for (const Holding &holding : inventory.holdings)
    for (const Slot &slot : holding.slots)
      if (!slot.in_use.empty() && !slot.version.empty())
        versions.insert(slot.version);
  return versions;
}

std::set<std::string>
versions_kept(const base::Host &host, const Inventory &inventory, const Catalog &catalog)
{
  std::set<std::string> kept = versions_to_keep(catalog, what_runs(host));
  kept.merge(versions_in_use(inventory));
  if (const auto state = find_state(host); state && !inventory.component.empty())
    kept.merge(versions_needed(read_system_sets(*state), inventory.component));
  return kept;
}

void mark_running_slots(const base::Host &host, Inventory &inventory)
{
  if (!host.is_running_system)
    return;
  const std::set<base::Uuid> running = running_partitions(host);
  const auto mark = [&](std::vector<Holding> &holdings, const std::vector<Reach> &ways) {
    for (std::size_t index = 0; index < holdings.size(); ++index)
      for (Slot &slot : holdings[index].slots) {
        const OpenDisk &disk = inventory.disks[*ways[index].disk];
        if (running.contains(disk.table.entry(slot.partition).unique))
          slot.in_use = "the running system's, by the root hash on its command line";
      }
  };
  mark(inventory.holdings, inventory.ways);
  mark(inventory.disabled, inventory.disabled_ways);
}

} // namespace updater
