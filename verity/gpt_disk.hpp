// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"
#include "verity/gpt.hpp"

#include <optional>
#include <string>

namespace verity {

enum class GptHealth {
  good,        ///< both copies are valid and say the same
  primary_bad, ///< only the backup is valid; the kernel sees no partitions
  backup_bad,  ///< only the primary is valid
  differ,      ///< both are valid, but one is older: a commit was cut
  none,        ///< there is no table, or none that the kernel would use
};

/// What a disk holds at one moment.
struct GptState {
  GptHealth health = GptHealth::none;
  GptReading primary;
  GptReading backup;
  /// Sector 0 is the protective MBR of such a table, whether or not one is found.
  bool has_protective_mbr = false;
  /// Why strake will not change this disk, and what to do about it; empty if it will.
  std::string write_refusal{};

  /// The table that counts: the primary, else the backup, else none.
  [[nodiscard]] const std::optional<GptTable> &table() const
  {
    return primary.table ? primary.table : backup.table;
  }
};

/// How the primary copy is replaced.
enum class PrimaryCommit {
  shadow,   ///< entries in the place not in use, then one sector flips; see GptDisk::commit
  in_place, ///< over the old ones, as other tools do: for firmware that insists on sector 2
};

struct Committed {
  PrimaryCommit how;
  /// Why it was not as asked, and what that risks; empty if it was.
  std::string warning;
};

/// A whole disk with a GUID partition table: a block device, or a plain file that is an image of
/// one. Whoever changes it holds Sys::try_lock on fd() from before read() until after the commit.
class GptDisk {
public:
  /// `name` is for messages. The sector size is the device's; a file's is found by looking for a
  /// header, and is 512 if there is none.
  GptDisk(base::Fd fd, std::string name);

  [[nodiscard]] const base::Fd &fd() const noexcept { return fd_; }

  [[nodiscard]] const std::string &name() const noexcept { return name_; }

  [[nodiscard]] unsigned sector_size() const noexcept { return sector_size_; }

  /// Reads both copies. A copy that is damaged or cannot be read is part of the answer.
  [[nodiscard]] GptState read() const;

  /// The table that counts; fails with Kind::config, and both reasons, if there is none.
  [[nodiscard]] GptTable table() const;

  /// Puts labels, types, UUIDs and attributes of all slots of `changed` on the disk, in one step.
  /// Fails before the first write if `changed` moves, adds or removes a partition, or if the disk
  /// is one that strake does not change (GptState::write_refusal). Repairs first if need be; writes
  /// nothing if there is nothing to change.
  ///
  /// After it returns both copies are the new table and on stable storage. After a power cut or a
  /// failure the disk holds the old table or the new one, whole; with PrimaryCommit::shadow the
  /// primary copy, the only one that Linux looks at, is valid at every instant. Where there is no
  /// room for that it falls back to in_place and says so: then the cut can leave the machine
  /// without partitions until repair(), firmware, or `gpt` on the kernel's command line helps.
  Committed
  commit(base::Sys &sys, const GptTable &changed, PrimaryCommit how = PrimaryCommit::shadow);

  /// Makes both copies good and equal: from the one that is valid, or from the primary if both
  /// are. True if something was written. Fails if neither copy is valid or the disk is one that
  /// strake does not change. After a power cut the valid copy is as it was; simply do it again.
  bool repair(base::Sys &sys);

private:
  [[nodiscard]] std::vector<std::byte> read_sectors(std::uint64_t lba, std::uint64_t count) const;
  [[nodiscard]] GptReading read_copy(std::uint64_t header_lba) const;
  [[nodiscard]] GptState read_to_change() const;
  [[nodiscard]] GptState with_a_table(GptState state) const;
  [[nodiscard]] bool holds_only_entries(std::uint64_t lba, std::uint64_t count) const;
  [[nodiscard]] std::optional<std::uint64_t> free_place(const GptTable &table) const;
  [[nodiscard]] GptTable as_primary(const GptTable &backup, const GptReading &present) const;
  [[nodiscard]] GptTable as_backup(const GptTable &primary, const GptReading &present) const;
  bool repair_from(base::Sys &sys, const GptState &state);
  Committed replace_both(base::Sys &sys, const GptState &state, GptTable next, PrimaryCommit how);
  void write_primary(base::Sys &sys, const GptTable &copy);
  void write_backup(base::Sys &sys, const GptTable &copy);

  base::Fd fd_;
  std::string name_;
  unsigned sector_size_;
  std::uint64_t sectors_;
};

} // namespace verity
