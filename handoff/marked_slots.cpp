// SPDX-License-Identifier: Apache-2.0
#include "handoff/marked_slots.hpp"

#include "base/error.hpp"
#include "base/medium.hpp"
#include "updater/running.hpp"
#include "updater/slots.hpp"

#include <algorithm>
#include <set>

namespace handoff {

namespace {

using updater::OpenDisk;
using verity::BootMarks;
using verity::GptEntry;

constexpr std::string_view empty_label = "_empty";

/// How much of a partition is looked at to find it blank, and how much at once: most that hold
/// something show it in the first piece.
constexpr std::uint64_t blank_length = std::uint64_t{1} << 20U;
constexpr std::uint64_t blank_step = std::uint64_t{64} << 10U;

struct Slot {
  const GptEntry &entry;
  bool is_empty;
};

std::vector<updater::Transfer> transfers_of(const base::Host &host)
{
  try {
    updater::Definitions definitions = updater::read_definitions(host, {});
    std::vector<updater::Transfer> all = std::move(definitions.transfers);
    std::move(definitions.disabled.begin(), definitions.disabled.end(), std::back_inserter(all));
    return all;
  } catch (const base::Error &error) {
    host.log(base::Level::warning, error.what());
    return {};
  }
}

/// What the first pattern that fits makes of the label; else the label.
std::string version_of(const std::vector<updater::Transfer> &transfers, const GptEntry &entry)
{
  for (const updater::Transfer &transfer : transfers)
    if (transfer.target.partition_type.uuid == entry.type)
      for (const updater::Pattern &pattern : transfer.target.patterns)
        if (const auto metadata = pattern.match(entry.label))
          return metadata->version;
  return entry.label;
}

/// Those that are entries, in the order in which the loader tries them.
std::vector<Slot> slots_of(const base::Host &host, const OpenDisk &disk)
{
  const base::Fd bytes = updater::root_of(host, disk.place).file(disk.place.path);
  std::vector<Slot> slots;
  for (const unsigned number : verity::boot_order(disk.table)) {
    const GptEntry &entry = disk.table.entry(number);
    const bool is_empty =
        entry.label == empty_label ||
        is_blank(bytes, {disk.table.offset_of(entry), disk.table.length_of(entry)});
    if (!is_empty || verity::boot_marks(entry).can_boot())
      slots.push_back({entry, is_empty});
  }
  return slots;
}

bool is_only_label(const std::vector<Slot> &slots, const std::string &label)
{
  return !label.empty() && std::count_if(slots.begin(), slots.end(), [&](const Slot &each) {
                             return each.entry.label == label;
                           }) == 1;
}

BootState state_of(const BootMarks &marks)
{
  if (!marks.can_boot())
    return BootState::given_up;
  return marks.is_successful ? BootState::good : BootState::counted;
}

std::string place_of(const OpenDisk &disk, unsigned number)
{
  return disk.place.is_block_device ? updater::partition_path(disk.place.path, number)
                                    : fmt::format("partition {} of {}", number, disk.place.path);
}

MenuEntry describe(const OpenDisk &disk, const Slot &slot, std::string id)
{
  const GptEntry &entry = slot.entry;
  const BootMarks marks = verity::boot_marks(entry);
  MenuEntry made;
  made.entry.type = BootEntryType::marked;
  made.entry.name.id = std::move(id);
  if (!marks.is_successful)
    made.entry.name.tries = BootTries{.left = marks.tries};
  made.file = place_of(disk, entry.number);
  made.state = state_of(marks);
  made.marks = marks;
  if (slot.is_empty) {
    made.faults.emplace_back("it holds nothing, and the boot loader may take it");
    made.state = BootState::damaged;
  }
  made.slots.push_back({.option = {}, .number = entry.number, .label = entry.label, .fault = {}});
  return made;
}

/// By the root hash that runs; else by what is mounted or in use; else by its version.
void mark_what_runs(const base::Host &host, MarkedSlots &found)
{
  const OpenDisk &disk = found.disk;
  const auto mark_all = [&](const auto &is_it) {
    for (MenuEntry &each : found.entries)
      each.is_running = is_it(each, disk.table.entry(each.slots.front().number));
    return std::any_of(found.entries.begin(), found.entries.end(), [](const MenuEntry &each) {
      return each.is_running;
    });
  };
  const std::set<base::Uuid> running =
      host.is_running_system ? updater::running_partitions(host) : std::set<base::Uuid>{};
  if (mark_all(
          [&](const MenuEntry &, const GptEntry &slot) { return running.contains(slot.unique); }))
    return;
  if (disk.place.is_block_device && mark_all([&](const MenuEntry &, const GptEntry &slot) {
        return !updater::user_of(
                    host, disk.place.path, disk.table.offset_of(slot), disk.table.length_of(slot))
                    .empty();
      }))
    return;
  const std::string version = updater::running_version(host);
  mark_all([&](const MenuEntry &each, const GptEntry &) {
    return !version.empty() && each.entry.version == version;
  });
}

} // namespace

std::optional<MarkedSlots> find_marked_slots(const base::Host &host, const std::string &image)
{
  auto disk = find_system_disk(host, image);
  if (!disk)
    return std::nullopt;
  const std::vector<Slot> slots = slots_of(host, *disk);
  if (slots.empty())
    return std::nullopt;
  const auto transfers = transfers_of(host);
  MarkedSlots found{.disk = *disk, .entries = {}};
  for (const Slot &slot : slots) {
    const GptEntry &entry = slot.entry;
    const bool has_label = is_only_label(slots, entry.label);
    found.entries.push_back(describe(*disk, slot, has_label ? entry.label : entry.unique.text()));
    found.entries.back().entry.version = version_of(transfers, entry);
  }
  mark_what_runs(host, found);
  return found;
}

bool is_blank(const base::Fd &disk, const base::ByteRange &partition)
{
  // Past the cache of the disk, because somebody may have written by way of the partition, which
  // has another one.
  base::MediumReader reader(disk, partition.start);
  std::uint64_t left = std::min(partition.length, blank_length);
  try {
    while (left > 0) {
      const base::Bytes bytes = reader.next(std::min(left, blank_step));
      if (bytes.empty())
        return true; // the disk ends here, and with it the partition
      if (std::any_of(
              bytes.begin(), bytes.end(), [](std::byte each) { return each != std::byte{0}; }))
        return false;
      left -= bytes.size();
    }
  } catch (const base::Error &) {
    return false;
  }
  return true;
}

BootMarks marks_after(const BootMarks &present, Blessing blessing)
{
  if (blessing == Blessing::unblessed)
    return {};
  return {.priority = std::max(present.priority, 1U), .tries = 0, .is_successful = true};
}

std::string text_of(const std::string &id, const BootMarks &marks)
{
  return fmt::format("{} (priority {}, {})",
                     id,
                     marks.priority,
                     marks.is_successful ? "successful"
                     : marks.tries == 1  ? "1 try left"
                                         : fmt::format("{} tries left", marks.tries));
}

void set_marks(const base::Host &host,
               const std::string &image,
               unsigned number,
               const BootMarks &marks)
{
  auto disk = find_system_disk(host, image);
  if (!disk)
    base::fail(base::Kind::busy, "the system's disk went while it was looked at");
  updater::Inventory inventory;
  inventory.disks.push_back(std::move(*disk));
  verity::GptTable table = inventory.disks.front().table;
  verity::set_boot_marks(table.entry(number), marks);
  updater::WritableDisks(host, inventory).commit(0, table);
}

} // namespace handoff
