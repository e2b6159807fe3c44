// SPDX-License-Identifier: Apache-2.0
#include "updater/inventory.hpp"

#include "base/error.hpp"
#include "updater/directory.hpp"
#include "updater/offer.hpp"
#include "updater/running.hpp"
#include "verity/boot_marks.hpp"

#include <algorithm>

namespace updater {

namespace {

Inode inode_of(ResourceKind kind)
{
  return kind == ResourceKind::directory || kind == ResourceKind::subvolume ? Inode::directory
                                                                            : Inode::file;
}

std::size_t open_disk(const base::Host &host, DiskPath place, std::vector<OpenDisk> &disks)
{
  for (std::size_t index = 0; index < disks.size(); ++index)
    if (disks[index].place.path == place.path)
      return index;
  verity::GptTable table =
      verity::GptDisk(root_of(host, place).file(place.path), place.path).table();
  disks.push_back({std::move(place), std::move(table)});
  return disks.size() - 1;
}

std::optional<Presence> presence_of(const verity::GptEntry &entry, const base::Uuid &type)
{
  if (entry.type == type)
    return Presence::installed;
  if (entry.type == verity::pending_type(type))
    return Presence::pending;
  if (entry.type == verity::partial_type(type))
    return Presence::partial;
  return std::nullopt;
}

std::optional<Metadata> match_label(const Target &target, const verity::GptEntry &entry)
{
  for (const Pattern &pattern : target.patterns)
    if (auto metadata = pattern.match(entry.label))
      return metadata;
  return std::nullopt;
}

void inherit(Metadata &metadata, const verity::GptEntry &entry, const verity::PartitionType &type)
{
  if (!metadata.partition_uuid)
    metadata.partition_uuid = entry.unique;
  if (!metadata.partition_flags)
    metadata.partition_flags = entry.attributes;
  // Only where the specification gives the bit a meaning. The other two it has are told by the
  // flags as a whole, as systemd-sysupdate tells them.
  if (!metadata.read_only)
    metadata.read_only =
        type.is_discoverable && (entry.attributes & verity::attribute::read_only) != 0;
}

/// As a boot file's name tells it; a loader by marks has used up what is missing of the tries.
void inherit_tries(Metadata &metadata, const verity::GptEntry &entry, const Target &target)
{
  const verity::BootMarks marks = verity::boot_marks(entry);
  if (!verity::has_boot_marks(target.partition_type.uuid) || marks.is_successful)
    return;
  const std::uint64_t given = std::max<std::uint64_t>(target.tries_left.value_or(1), marks.tries);
  metadata.tries_left = marks.tries;
  metadata.tries_done = given - marks.tries;
}

void list_slots(const base::Host &host, const OpenDisk &disk, Holding &holding)
{
  const Target &target = holding.transfer.target;
  for (const verity::GptEntry &entry : disk.table.entries) {
    const auto presence = presence_of(entry, target.partition_type.uuid);
    if (!entry.used() || !presence)
      continue;
    Slot slot;
    slot.partition = entry.number;
    slot.bytes = disk.table.length_of(entry);
    slot.is_empty = entry.label == "_empty";
    if (!slot.is_empty) {
      auto metadata = match_label(target, entry);
      if (!metadata)
        continue;
      inherit(*metadata, entry, target.partition_type);
      inherit_tries(*metadata, entry, target);
      slot.version = metadata->version;
      holding.installed.push_back({std::move(*metadata),
                                   *presence,
                                   partition_path(disk.place.path, entry.number),
                                   entry.label,
                                   entry.number});
    }
    if (disk.place.is_block_device)
      slot.in_use = user_of(host, disk.place.path, disk.table.offset_of(entry), slot.bytes);
    holding.slots.push_back(std::move(slot));
  }
  sort_newest_first(holding.installed);
}

void survey_target(const base::Host &host,
                   const Scope &scope,
                   Holding &holding,
                   Reach &reach,
                   std::vector<OpenDisk> &disks)
{
  const Target &target = holding.transfer.target;
  if (target.kind == ResourceKind::partition) {
    DiskPath place = find_disk(host, target, scope.image);
    holding.target_path = place.path;
    reach.disk = open_disk(host, std::move(place), disks);
    list_slots(host, disks[*reach.disk], holding);
    return;
  }
  reach.target = find_place(host, target.anchor, target.path, scope.transfer_source);
  holding.target_path = reach.target->display();
  holding.is_boot = reach.target->is_boot;
  if (reach.target->dir)
    holding.installed = list_instances(*reach.target->dir, inode_of(target.kind), target.patterns);
}

void survey_targets(const base::Host &host,
                    const Scope &scope,
                    const std::vector<Transfer> &transfers,
                    std::vector<Holding> &holdings,
                    std::vector<Reach> &ways,
                    std::vector<OpenDisk> &disks)
{
  for (const Transfer &transfer : transfers) {
    Holding holding;
    holding.transfer = transfer;
    Reach reach;
    base::during(transfer.id, [&] { survey_target(host, scope, holding, reach, disks); });
    holdings.push_back(std::move(holding));
    ways.push_back(std::move(reach));
  }
}

bool is_url(ResourceKind kind)
{
  return kind == ResourceKind::url_file || kind == ResourceKind::url_tar;
}

} // namespace

Definitions definitions_of(const base::Host &host, const Scope &scope)
{
  Definitions definitions =
      read_definitions(host, {.directory = scope.definitions, .component = scope.component});
  for (const std::string &warning : definitions.warnings)
    host.log(base::Level::warning, warning);
  if (definitions.component && !definitions.component->enabled)
    base::fail(base::Kind::config,
               "Component is disabled: {}; \"strake enable-component {}\" switches it on",
               scope.component,
               scope.component);
  const bool has_some =
      !definitions.transfers.empty() ||
      (scope.no_definitions == NoDefinitions::accept_disabled && !definitions.disabled.empty());
  if (has_some || scope.no_definitions == NoDefinitions::accept)
    return definitions;
  if (!scope.component.empty())
    base::fail(base::Kind::not_found,
               "No transfer definitions for component '{}' found.",
               scope.component);
  base::fail(base::Kind::not_found, "No transfer definitions found.");
}

Inventory take_inventory(const base::Host &host, const Scope &scope)
{
  Inventory inventory;
  inventory.component = scope.component;
  inventory.definitions = definitions_of(host, scope);
  const Definitions &definitions = inventory.definitions;
  host.log(base::Level::info, "Discovering installed instances…");
  survey_targets(
      host, scope, definitions.transfers, inventory.holdings, inventory.ways, inventory.disks);
  survey_targets(host,
                 scope,
                 definitions.disabled,
                 inventory.disabled,
                 inventory.disabled_ways,
                 inventory.disks);
  mark_running_slots(host, inventory);
  return inventory;
}

void add_offers(const base::Host &host, const Scope &scope, Inventory &inventory)
{
  host.log(base::Level::info, "Discovering available instances…");
  Offers offers(host, scope);
  for (std::size_t index = 0; index < inventory.holdings.size(); ++index) {
    Holding &holding = inventory.holdings[index];
    const Source &source = holding.transfer.source;
    base::during(holding.transfer.id, [&] {
      if (!source.trust.empty())
        return offers.add_releases(holding);
      if (is_url(source.kind)) {
        holding.available = offers.of(holding.transfer);
        return;
      }
      Place place = find_place(host, source.anchor, source.path, scope.transfer_source);
      if (place.dir)
        holding.available = list_instances(*place.dir, inode_of(source.kind), source.patterns);
      inventory.ways[index].source = std::move(place);
    });
  }
}

} // namespace updater
