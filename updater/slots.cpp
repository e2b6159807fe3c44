// SPDX-License-Identifier: Apache-2.0
#include "updater/slots.hpp"

#include "base/error.hpp"
#include "updater/file_target.hpp"
#include "verity/boot_marks.hpp"

#include <algorithm>
#include <chrono>

namespace updater {

namespace {

using base::Level;

void set_bit(std::uint64_t &attributes, std::uint64_t bit, const std::optional<bool> &value)
{
  if (value)
    attributes = *value ? attributes | bit : attributes & ~bit;
}

/// The single bits only where the specification gives them a meaning for this type; elsewhere they
/// may stand for something else. PartitionFlags= is meant as it is written.
void describe(verity::GptEntry &entry, const Metadata &fields, const verity::PartitionType &type)
{
  if (fields.partition_uuid)
    entry.unique = *fields.partition_uuid;
  if (fields.partition_flags)
    entry.attributes = *fields.partition_flags;
  if (type.is_discoverable) {
    set_bit(entry.attributes, verity::attribute::no_auto, fields.no_auto);
    set_bit(entry.attributes, verity::attribute::read_only, fields.read_only);
  }
  if (type.may_grow)
    set_bit(entry.attributes, verity::attribute::grow_file_system, fields.grow_file_system);
}

/// No loader that goes by such marks takes it, not even by its proper type.
void keep_from_booting(verity::GptEntry &entry, const base::Uuid &type)
{
  if (verity::has_boot_marks(type))
    verity::set_boot_marks(entry, {});
}

void make_empty(verity::GptEntry &entry, const base::Uuid &type)
{
  entry.type = type;
  entry.label = "_empty";
  keep_from_booting(entry, type);
}

/// What a source says may be more than there is room for.
verity::BootMarks marks_to_try(std::optional<std::uint64_t> tries)
{
  return {.tries = static_cast<unsigned>(
              std::min<std::uint64_t>(tries.value_or(1), verity::boot_mark_limit))};
}

/// Changes to several tables, each committed once.
class TableChanges {
public:
  explicit TableChanges(WritableDisks &disks) : disks_(disks) {}

  verity::GptTable &table(std::size_t disk)
  {
    return tables_.try_emplace(disk, disks_.disk(disk).table()).first->second;
  }

  verity::GptEntry &entry(std::size_t disk, unsigned partition)
  {
    return table(disk).entry(partition);
  }

  void commit_all()
  {
    for (const auto &[index, table] : tables_)
      disks_.commit(index, table);
  }

private:
  WritableDisks &disks_;
  std::map<std::size_t, verity::GptTable> tables_;
};

const base::Uuid &type_of(const Holding &holding)
{
  return holding.transfer.target.partition_type.uuid;
}

bool is_slot(const Step &step)
{
  return step.partition != 0;
}

/// udev takes the lock for a moment after each change of a table, our own before this one too, to
/// read what is in the partitions.
void lock_disk(const base::Host &host, const base::Fd &disk, const std::string &path)
{
  constexpr std::chrono::seconds patience{30};
  constexpr std::chrono::milliseconds pause{100};
  const auto start = host.clock.monotonic();
  while (!host.sys.try_lock(disk)) {
    if (host.clock.monotonic() - start > patience)
      base::fail(base::Kind::busy,
                 "another program holds the lock on {}; try again when it is done",
                 path);
    host.clock.sleep(pause);
  }
}

} // namespace

WritableDisks::WritableDisks(const base::Host &host, Inventory &inventory)
    : host_(host), inventory_(inventory)
{
}

verity::GptDisk &WritableDisks::disk(std::size_t index)
{
  if (const auto found = disks_.find(index); found != disks_.end())
    return found->second;
  const OpenDisk &seen = inventory_.disks.at(index);
  base::Fd fd = host_.sys.open_writable(root_of(host_, seen.place), seen.place.path);
  if (!seen.place.is_image)
    lock_disk(host_, fd, seen.place.path);
  verity::GptDisk disk(std::move(fd), seen.place.path);
  if (!verity::same_content(disk.table(), seen.table))
    base::fail(base::Kind::busy,
               "the partition table of {} was changed by another program just now; try again",
               seen.place.path);
  return disks_.emplace(index, std::move(disk)).first->second;
}

void WritableDisks::commit(std::size_t index, const verity::GptTable &table)
{
  verity::GptDisk &changed = disk(index);
  const verity::Committed done = changed.commit(host_.sys, table);
  if (!done.warning.empty())
    host_.say(Level::warning, "{}: {}", changed.name(), done.warning);
  inventory_.disks[index].table = changed.table();
}

void WritableDisks::repair_all()
{
  for (std::size_t index = 0; index < inventory_.disks.size(); ++index) {
    host_.sys.sync(disk(index).fd()); // what was read may be in the kernel's cache only
    if (disk(index).repair(host_.sys))
      host_.say(Level::notice,
                "{}: the two copies of the partition table differed; made them equal again",
                disk(index).name());
  }
}

Slots::Slots(const base::Host &host, Inventory &inventory, const UpdatePlan &plan)
    : host_(host), inventory_(inventory), plan_(plan), disks_(host, inventory)
{
}

std::size_t Slots::disk_of(const Step &step) const
{
  return inventory_.ways.at(step.transfer).disk.value();
}

void Slots::open()
{
  if (open_)
    return;
  // What boots the old content goes first: from the next commit on it would boot garbage.
  remove_boot_entries(host_, inventory_, plan_.displaced_versions);
  TableChanges changes(disks_);
  for (const Step &step : plan_.steps) {
    if (!is_slot(step) || step.action != Action::acquire)
      continue;
    verity::GptEntry &entry = changes.entry(disk_of(step), step.partition);
    const base::Uuid &type = type_of(inventory_.holdings[step.transfer]);
    entry.type = verity::partial_type(type);
    entry.label = step.name;
    keep_from_booting(entry, type);
  }
  changes.commit_all();
  open_ = true;
}

Extent Slots::extent(const Step &step)
{
  verity::GptDisk &disk = disks_.disk(disk_of(step));
  const verity::GptTable table = disk.table();
  const verity::GptEntry &entry = table.entry(step.partition);
  return {&disk.fd(),
          table.offset_of(entry),
          table.length_of(entry),
          fmt::format("partition {} of {}", step.partition, disk.name())};
}

bool Slots::holds_part(const Step &step) const
{
  const Holding &holding = inventory_.holdings[step.transfer];
  return std::any_of(
      holding.installed.begin(), holding.installed.end(), [&](const Instance &instance) {
        return instance.partition == step.partition && instance.presence == Presence::partial &&
               instance.metadata.version == plan_.version;
      });
}

void Slots::publish(Presence presence, const std::vector<std::pair<std::size_t, Instance>> &victims)
{
  TableChanges changes(disks_);
  for (const auto &[transfer, victim] : victims)
    make_empty(changes.entry(inventory_.ways[transfer].disk.value(), victim.partition),
               type_of(inventory_.holdings[transfer]));
  for (const Step &step : plan_.steps) {
    if (!is_slot(step) || step.action == Action::keep)
      continue;
    const verity::PartitionType &type =
        inventory_.holdings[step.transfer].transfer.target.partition_type;
    verity::GptEntry &entry = changes.entry(disk_of(step), step.partition);
    entry.type = presence == Presence::pending ? verity::pending_type(type.uuid) : type.uuid;
    entry.label = step.name;
    describe(entry, step.fields, type);
    keep_from_booting(entry, type.uuid);
    if (presence == Presence::installed && verity::has_boot_marks(type.uuid))
      verity::put_first(
          changes.table(disk_of(step)), step.partition, marks_to_try(step.fields.tries_left));
  }
  changes.commit_all();
}

Retyping::Retyping(const base::Host &host, Inventory &inventory)
    : inventory_(inventory), disks_(host, inventory)
{
}

verity::GptTable &Retyping::table_for(std::size_t transfer)
{
  const std::size_t index = inventory_.ways[transfer].disk.value();
  return tables_.try_emplace(index, disks_.disk(index).table()).first->second;
}

void Retyping::set(std::size_t transfer, unsigned partition, Presence presence)
{
  verity::GptEntry &entry = table_for(transfer).entry(partition);
  const base::Uuid &type = type_of(inventory_.holdings[transfer]);
  entry.type = presence == Presence::partial   ? verity::partial_type(type)
               : presence == Presence::pending ? verity::pending_type(type)
                                               : type;
  if (presence != Presence::installed)
    keep_from_booting(entry, type);
}

void Retyping::prefer(std::size_t transfer, unsigned partition)
{
  const Target &target = inventory_.holdings[transfer].transfer.target;
  if (!verity::has_boot_marks(target.partition_type.uuid))
    return;
  verity::GptTable &table = table_for(transfer);
  if (verity::boot_order(table).front() == partition)
    return;
  const verity::BootMarks present = verity::boot_marks(table.entry(partition));
  const bool has_a_try = present.is_successful || present.tries > 0;
  verity::put_first(table, partition, has_a_try ? present : marks_to_try(target.tries_left));
}

void Retyping::commit()
{
  for (const auto &[index, table] : tables_)
    disks_.commit(index, table);
}

void empty_slots(WritableDisks &disks,
                 const std::vector<Holding> &holdings,
                 const std::vector<Reach> &ways,
                 const std::vector<std::pair<std::size_t, Instance>> &victims)
{
  TableChanges changes(disks);
  for (const auto &[transfer, victim] : victims)
    make_empty(changes.entry(ways[transfer].disk.value(), victim.partition),
               type_of(holdings[transfer]));
  changes.commit_all();
}

void remove_boot_entries(const base::Host &host,
                         Inventory &inventory,
                         const std::set<std::string> &versions)
{
  struct Doomed {
    BootRank rank;
    std::size_t transfer;
    const Instance *instance;
  };

  std::vector<Doomed> doomed;
  for (std::size_t index = 0; index < inventory.holdings.size(); ++index) {
    if (!inventory.holdings[index].is_boot)
      continue;
    for (const Instance &instance : inventory.holdings[index].installed)
      if (versions.contains(instance.metadata.version))
        doomed.push_back({boot_rank(instance.name), index, &instance});
  }
  std::stable_sort(doomed.begin(), doomed.end(), [](const Doomed &one, const Doomed &other) {
    return one.rank > other.rank;
  });
  for (const Doomed &each : doomed) {
    host.say(Level::info,
             "♻ Removing old '{}', because the slot it boots is about to be written.",
             each.instance->path);
    remove_instance(host.sys, *inventory.ways[each.transfer].target, each.instance->name);
  }
}

} // namespace updater
