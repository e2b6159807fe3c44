// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"
#include "base/uuid.hpp"
#include "verity/gpt_label.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace verity {

/// Bits of a partition's attributes: of UEFI, and of the Discoverable Partitions Specification.
namespace attribute {
constexpr std::uint64_t required = std::uint64_t{1} << 0U;
constexpr std::uint64_t legacy_boot = std::uint64_t{1} << 2U;
constexpr std::uint64_t grow_file_system = std::uint64_t{1} << 59U;
constexpr std::uint64_t read_only = std::uint64_t{1} << 60U;
constexpr std::uint64_t no_auto = std::uint64_t{1} << 63U;
} // namespace attribute

/// One slot of the table, used or not.
struct GptEntry {
  unsigned number = 0;                ///< from 1, as in sda1
  base::Uuid type;                    ///< zero: the slot is unused, and the rest means nothing
  base::Uuid unique;                  ///< the PARTUUID
  std::uint64_t first_lba = 0;        ///< in sectors of the disk
  std::uint64_t last_lba = 0;         ///< the last one that belongs to it
  std::uint64_t attributes = 0;       ///< see attribute::
  std::string label;                  ///< UTF-8; what on disk is not valid UTF-16 reads as U+FFFD
  std::vector<std::byte> raw_entry{}; ///< as read, so that bytes unknown here survive a rewrite

  [[nodiscard]] bool used() const { return !type.is_zero(); }

  [[nodiscard]] std::uint64_t sectors() const { return used() ? last_lba - first_lba + 1 : 0; }

  bool operator==(const GptEntry &) const = default;
};

/// One copy of a partition table, and where that copy lies.
struct GptTable {
  unsigned sector_size = 512;
  base::Uuid disk;
  std::uint64_t my_lba = 0;        ///< where this copy's header lies: 1, or the last sector
  std::uint64_t alternate_lba = 0; ///< where it says that the other copy's header lies
  std::uint64_t entries_lba = 0;   ///< where this copy's entries begin
  std::uint64_t first_usable = 0;
  std::uint64_t last_usable = 0;
  std::uint32_t entry_size = 128;
  std::vector<GptEntry> entries;       ///< every slot; entries[n - 1].number is n
  std::vector<std::byte> raw_header{}; ///< the header's sector as read, as raw_entry

  /// How many sectors the entries take, the last one rounded up.
  [[nodiscard]] std::uint64_t entries_sectors() const;
  /// The slot of this number; fails with Kind::internal if there is none.
  [[nodiscard]] GptEntry &entry(unsigned number);
  [[nodiscard]] const GptEntry &entry(unsigned number) const;

  /// Of a partition, in bytes from the start of the disk.
  [[nodiscard]] std::uint64_t offset_of(const GptEntry &entry) const
  {
    return entry.first_lba * sector_size;
  }

  [[nodiscard]] std::uint64_t length_of(const GptEntry &entry) const
  {
    return entry.sectors() * sector_size;
  }

  bool operator==(const GptTable &) const = default;
};

/// True if both say the same about the disk, wherever the two copies lie.
bool same_content(const GptTable &left, const GptTable &right);

/// Nothing if `changed` has the same slots, each at the same place, as `present`; else what of it
/// differs, as a sentence. strake renames and retypes partitions, but never moves one.
std::optional<std::string> moved(const GptTable &present, const GptTable &changed);

/// Gives `count` sectors from `lba` on. parse_gpt never asks beyond the end of the disk.
using SectorReader = std::function<std::vector<std::byte>(std::uint64_t lba, std::uint64_t count)>;

/// What was found where a copy should be: a table, or why there is none.
struct GptReading {
  std::optional<GptTable> table;
  std::string refusal;
  /// Where the entries lie, if at least the header is sound.
  std::optional<std::uint64_t> entries_lba{};
};

/// Reads the copy whose header is at `header_lba` (1, or the disk's last sector). Accepts only what
/// is consistent in itself: checksums, sizes, places, no overlap; then encode_header and
/// encode_entries give back the same bytes. The place of the *other* copy is not judged.
GptReading parse_gpt(const SectorReader &read,
                     unsigned sector_size,
                     std::uint64_t disk_sectors,
                     std::uint64_t header_lba);

/// The entries as on disk, filled up with zeros to whole sectors. Fails with Kind::config on a
/// label that does not fit.
std::vector<std::byte> encode_entries(const GptTable &table);
/// The header's sector, with both checksums over what encode_entries gives.
std::vector<std::byte> encode_header(const GptTable &table);
/// The sector in front of a disk's first copy, by which tools that know no GPT see a disk in use.
std::vector<std::byte> encode_protective_mbr(const GptTable &primary);

/// The type that marks a slot of type `type` while its bytes are being written, and after they are
/// complete but before they are in use. As systemd-sysupdate since 260, so that both agree about
/// a disk.
base::Uuid partial_type(const base::Uuid &type);
base::Uuid pending_type(const base::Uuid &type);

} // namespace verity
