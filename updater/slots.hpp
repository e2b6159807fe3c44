// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/extent.hpp"
#include "updater/inventory.hpp"
#include "updater/plan.hpp"
#include "verity/gpt_disk.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace updater {

/// The disks that partition targets lie on, locked and open for writing. Between open and
/// destruction nobody else who honours the lock changes them.
class WritableDisks {
public:
  WritableDisks(const base::Host &host, Inventory &inventory);

  /// The disk of this index, opened and locked at its first use. Throws Kind::busy if another
  /// program holds its lock, or changed its table since the inventory was taken.
  verity::GptDisk &disk(std::size_t index);

  /// Puts a changed table on the disk of this index, in one commit, and into the inventory.
  void commit(std::size_t index, const verity::GptTable &table);

  /// Both copies of each table good, equal and on disk; says what was mended.
  void repair_all();

private:
  const base::Host &host_;
  Inventory &inventory_;
  std::map<std::size_t, verity::GptDisk> disks_;
};

/// The slots that one update writes, on however many disks.
class Slots {
public:
  Slots(const base::Host &host, Inventory &inventory, const UpdatePlan &plan);

  /// Marks all slots that are to be written as partial, under their new labels, in one table
  /// commit a disk. From here on what they held is void, so first of all whatever boots it is
  /// taken away. A second call does nothing.
  void open();

  /// Where a step's bytes go. open() comes first.
  Extent extent(const Step &step);

  /// True if the slot holds a part of this version already, from a run that was cut.
  [[nodiscard]] bool holds_part(const Step &step) const;

  /// Gives all slots of the update their type, label, UUID and attributes, as pending or installed,
  /// and empties those of `victims`, in one table commit a disk. Where the boot loader goes by
  /// verity::BootMarks the new ones come first, to be tried, and the marks of the others stay but
  /// for priorities that have to make room.
  void publish(Presence presence, const std::vector<std::pair<std::size_t, Instance>> &victims);

private:
  [[nodiscard]] std::size_t disk_of(const Step &step) const;

  const base::Host &host_;
  Inventory &inventory_;
  const UpdatePlan &plan_;
  WritableDisks disks_;
  bool open_ = false;
};

/// Changes how far partitions count as installed, several in one commit a disk.
class Retyping {
public:
  Retyping(const base::Host &host, Inventory &inventory);

  void set(std::size_t transfer, unsigned partition, Presence presence);

  /// Where the boot loader goes by verity::BootMarks it takes this installed partition from then
  /// on; one that it has given up gets its tries anew. One that has the first place keeps all.
  void prefer(std::size_t transfer, unsigned partition);

  void commit();

private:
  verity::GptTable &table_for(std::size_t transfer);

  Inventory &inventory_;
  WritableDisks disks_;
  std::map<std::size_t, verity::GptTable> tables_;
};

/// Labels the partitions of these instances `_empty`, with their proper type, in one commit a disk.
void empty_slots(WritableDisks &disks,
                 const std::vector<Holding> &holdings,
                 const std::vector<Reach> &ways,
                 const std::vector<std::pair<std::size_t, Instance>> &victims);

/// Removes the boot entries that these versions have on any boot target, entries before images
/// before what they need. Durable on return.
void remove_boot_entries(const base::Host &host,
                         Inventory &inventory,
                         const std::set<std::string> &versions);

} // namespace updater
