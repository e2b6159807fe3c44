// SPDX-License-Identifier: Apache-2.0
#include "updater/repair.hpp"

#include "base/error.hpp"
#include "updater/content_record.hpp"
#include "updater/file_target.hpp"
#include "updater/running.hpp"
#include "updater/settle.hpp"
#include "updater/slots.hpp"
#include "updater/state.hpp"

#include <set>

namespace updater {

namespace {

using State = Finding::State;

class Inspection {
public:
  Inspection(const base::Host &host, Inventory &inventory, ContentRecord record)
      : host_(host), inventory_(inventory), record_(std::move(record))
  {
  }

  std::vector<Finding> run()
  {
    for (std::size_t index = 0; index < inventory_.holdings.size(); ++index)
      for (const Instance &instance : inventory_.holdings[index].installed)
        if (instance.presence == Presence::installed)
          inspect(index, instance);
    return findings_;
  }

private:
  void inspect(std::size_t index, const Instance &instance)
  {
    const Holding &holding = inventory_.holdings[index];
    Finding finding{holding.transfer.id, instance.metadata.version, instance.path, State::unknown};
    const auto known = record_.find(content_key(holding.transfer.id, finding.version));
    if (known != record_.end() && !is_grown(instance))
      finding.state = is_whole(index, instance, known->second) ? State::whole : State::damaged;
    findings_.push_back(std::move(finding));
  }

  /// Its file system is grown to the slot's size at the first boot, and so is not what was written.
  static bool is_grown(const Instance &instance)
  {
    return (instance.metadata.partition_flags.value_or(0) & verity::attribute::grow_file_system) !=
           0;
  }

  base::Fd open_disk(const DiskPath &disk) const { return root_of(host_, disk).file(disk.path); }

  bool is_whole(std::size_t index, const Instance &instance, const Written &written)
  {
    const Reach &way = inventory_.ways[index];
    const base::Fd fd = way.disk ? open_disk(inventory_.disks[*way.disk].place)
                                 : way.target->dir.value().file(instance.name);
    Extent extent{&fd, 0, base::size_of(fd), instance.path};
    if (way.disk) {
      const verity::GptTable &table = inventory_.disks[*way.disk].table;
      const verity::GptEntry &entry = table.entry(instance.partition);
      extent.start = table.offset_of(entry);
      extent.limit = table.length_of(entry);
    } else if (extent.limit != written.length) {
      return false;
    }
    return written.length <= extent.limit &&
           read_back(host_.sys, extent, written.length) == written.sha256;
  }

  const base::Host &host_;
  Inventory &inventory_;
  ContentRecord record_;
  std::vector<Finding> findings_;
};

/// What runs, and what the machine would go back to from that while it is on trial. Where it is not
/// known what runs, all may go but what is in use.
std::set<std::string> only_reported(const base::Host &host, const Inventory &inventory)
{
  const Catalog catalog = assess(inventory.holdings, Offline::yes);
  std::set<std::string> kept = versions_in_use(inventory);
  if (const Running running = what_runs(host); catalog.find(running.version) != nullptr)
    kept.merge(versions_to_keep(catalog, running));
  return kept;
}

/// The boot files of a damaged version go, whole or not; its damaged parts become partial.
void demote(const base::Host &host, Inventory &inventory, std::vector<Finding> &findings)
{
  const std::set<std::string> spared = only_reported(host, inventory);
  std::set<std::string> damaged;
  for (const Finding &finding : findings)
    if (finding.state == State::damaged && !spared.contains(finding.version))
      damaged.insert(finding.version);
  if (damaged.empty())
    return;
  remove_boot_entries(host, inventory, damaged);
  Retyping retyping(host, inventory);
  for (Finding &finding : findings) {
    if (finding.state != State::damaged || !damaged.contains(finding.version))
      continue;
    for (std::size_t index = 0; index < inventory.holdings.size(); ++index)
      for (const Instance &instance : inventory.holdings[index].installed) {
        if (instance.path != finding.path)
          continue;
        if (instance.partition != 0)
          retyping.set(index, instance.partition, Presence::partial);
        else
          remove_instance(host.sys, *inventory.ways[index].target, instance.name);
      }
    finding.state = State::demoted;
  }
  retyping.commit();
}

ContentRecord known_contents(const base::Host &host, const Scope &scope)
{
  const auto state = find_state(host);
  return state ? read_content_record(*state, scope.component) : ContentRecord{};
}

} // namespace

std::vector<Finding> repair(const base::Host &host, const Scope &scope, Demote mode)
{
  if (mode == Demote::no) {
    Inventory inventory = take_inventory(host, scope);
    return Inspection(host, inventory, known_contents(host, scope)).run();
  }
  const base::Dir state = open_state(host);
  const Lock lock = take_lock(host, state);
  Inventory inventory = settle(host, state, scope);
  std::vector<Finding> findings =
      Inspection(host, inventory, read_content_record(state, scope.component)).run();
  demote(host, inventory, findings);
  return findings;
}

} // namespace updater
