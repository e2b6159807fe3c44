// SPDX-License-Identifier: Apache-2.0
#include "verity/gpt_disk.hpp"

#include "base/dir.hpp"
#include "base/error.hpp"
#include "base/little_endian.hpp"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace verity {

namespace {

bool has_header_at(const base::Fd &fd, std::uint64_t offset)
{
  std::array<char, 8> found{};
  return base::read_at(fd, offset, std::as_writable_bytes(std::span(found))) == found.size() &&
         std::string_view(found.data(), found.size()) == "EFI PART";
}

unsigned find_sector_size(const base::Fd &fd, const std::string &name)
{
  struct stat status = {};
  if (::fstat(fd.number(), &status) < 0)
    base::fail_errno("cannot look at {}", name);
  if (S_ISBLK(status.st_mode)) {
    int size = 0;
    if (::ioctl(fd.number(), BLKSSZGET, &size) < 0)
      base::fail_errno("cannot learn the sector size of {}", name);
    return static_cast<unsigned>(size);
  }
  if (!S_ISREG(status.st_mode))
    base::fail(base::Kind::config, "{} is neither a block device nor a disk image", name);
  const std::uint64_t length = base::size_of(fd);
  // The primary says it; where that is destroyed, the backup at the end still does.
  for (const unsigned size : {512U, 4096U})
    if (length >= 2 * size && has_header_at(fd, size))
      return size;
  for (const unsigned size : {512U, 4096U})
    if (length >= 2 * size && has_header_at(fd, (length / size - 1) * size))
      return size;
  return 512;
}

enum class Mbr { protective, hybrid, none };

// As Linux judges it: without an entry of type ee that starts at sector 1 it ignores the GPT.
Mbr judge_mbr(base::Bytes sector)
{
  constexpr std::size_t first_entry = 446;
  if (sector[510] != std::byte{0x55} || sector[511] != std::byte{0xaa})
    return Mbr::none;
  bool protective = false;
  bool other = false;
  for (std::size_t at = first_entry; at < 510; at += 16) {
    const std::byte type = sector[at + 4];
    const bool from_one = sector[at + 8] == std::byte{1} && sector[at + 9] == std::byte{0} &&
                          sector[at + 10] == std::byte{0} && sector[at + 11] == std::byte{0};
    if (type == std::byte{0xee} && from_one)
      protective = true;
    else if (type != std::byte{0})
      other = true;
  }
  if (!protective)
    return Mbr::none;
  return other ? Mbr::hybrid : Mbr::protective;
}

GptHealth judge(const GptState &state)
{
  if (state.primary.table && state.backup.table)
    return same_content(*state.primary.table, *state.backup.table) ? GptHealth::good
                                                                   : GptHealth::differ;
  if (state.primary.table)
    return GptHealth::backup_bad;
  return state.backup.table ? GptHealth::primary_bad : GptHealth::none;
}

// Where a partition begins first; nothing may be put there or behind it.
std::uint64_t first_partition(const GptTable &table)
{
  std::uint64_t first = table.last_usable + 1;
  for (const GptEntry &entry : table.entries)
    if (entry.used())
      first = std::min(first, entry.first_lba);
  return first;
}

void put_entries(GptTable &primary, std::uint64_t place)
{
  primary.entries_lba = place;
  primary.first_usable = std::max(primary.first_usable, place + primary.entries_sectors());
}

bool is_zero(base::Bytes data)
{
  return std::all_of(data.begin(), data.end(), [](std::byte byte) { return byte == std::byte{}; });
}

std::vector<base::KernelPartition> partitions_of(const GptTable &table)
{
  std::vector<base::KernelPartition> result;
  for (const GptEntry &entry : table.entries)
    if (entry.used())
      result.push_back({entry.number, table.offset_of(entry), table.length_of(entry)});
  return result;
}

} // namespace

GptDisk::GptDisk(base::Fd fd, std::string name)
    : fd_(std::move(fd)), name_(std::move(name)), sector_size_(find_sector_size(fd_, name_)),
      sectors_(base::size_of(fd_) / sector_size_)
{
}

std::vector<std::byte> GptDisk::read_sectors(std::uint64_t lba, std::uint64_t count) const
{
  std::vector<std::byte> data(count * sector_size_);
  if (base::read_at(fd_, lba * sector_size_, data) != data.size())
    base::fail(base::Kind::io, "{} ends before sector {}", name_, lba + count);
  return data;
}

GptReading GptDisk::read_copy(std::uint64_t header_lba) const
{
  try {
    return parse_gpt([this](auto lba, auto count) { return read_sectors(lba, count); },
                     sector_size_,
                     sectors_,
                     header_lba);
  } catch (const base::Error &error) {
    // A sector that cannot be read is one more way for a copy to be bad; writing it anew is what
    // makes a disk replace it.
    return {std::nullopt, error.what()};
  }
}

GptState GptDisk::read() const
{
  GptState state;
  if (sectors_ < 4) {
    state.write_refusal = fmt::format("{} is too small for a partition table", name_);
    state.primary.refusal = state.backup.refusal = state.write_refusal;
    return state;
  }
  const Mbr mbr = judge_mbr(read_sectors(0, 1));
  if (mbr == Mbr::none) {
    // A GPT without its protective MBR is a leftover, or unseen by the kernel all the same.
    state.primary.refusal = state.backup.refusal = "there is no protective MBR in sector 0";
    state.write_refusal =
        fmt::format("{} has no protective MBR, without which the kernel sees no GUID partition "
                    "table; if there is one, make the MBR anew with \"gdisk {}\", x, n, w",
                    name_,
                    name_);
    return state;
  }
  state.has_protective_mbr = true;
  state.primary = read_copy(1);
  state.backup = read_copy(sectors_ - 1);
  if (state.backup.table && state.backup.table->alternate_lba != 1)
    state.backup = {std::nullopt,
                    fmt::format("it says that the primary is in sector {}, not in sector 1",
                                state.backup.table->alternate_lba)};
  state.health = judge(state);
  if (mbr == Mbr::hybrid)
    state.write_refusal =
        fmt::format("{} has a hybrid MBR, a second partition table that would not follow changes "
                    "of the GPT; make it a protective one with \"gdisk {}\", x, n, w",
                    name_,
                    name_);
  else if (state.primary.table && state.primary.table->alternate_lba != sectors_ - 1)
    // Firmware and OS may disagree about the size of the disk; then what one takes for the place
    // of the backup is a partition to the other.
    state.write_refusal = fmt::format(
        "{} says that its backup table is in sector {}, but its last sector is {}; if the disk "
        "grew, or the image was made for a smaller one, move it with \"sgdisk -e {}\"",
        name_,
        state.primary.table->alternate_lba,
        sectors_ - 1,
        name_);
  return state;
}

GptTable GptDisk::table() const
{
  return with_a_table(read()).table().value();
}

GptState GptDisk::read_to_change() const
{
  GptState state = read();
  if (!state.write_refusal.empty())
    base::fail(base::Kind::config, "{}", state.write_refusal);
  return with_a_table(std::move(state));
}

GptState GptDisk::with_a_table(GptState state) const
{
  if (!state.table())
    base::fail(base::Kind::config,
               "{} has no GUID partition table; primary: {}; backup: {}",
               name_,
               state.primary.refusal,
               state.backup.refusal);
  return state;
}

// Boards keep boot loaders outside of all partitions, at sector 16 or 64 for example. So before
// sectors are taken for entries, they must be zero or look like entries that were left there; of
// code or a file system no 128 bytes do.
bool GptDisk::holds_only_entries(std::uint64_t lba, std::uint64_t count) const
{
  constexpr std::size_t least = 128;
  const std::vector<std::byte> data = read_sectors(lba, count);
  for (std::size_t at = 0; at + least <= data.size(); at += least) {
    const base::Bytes entry = base::Bytes(data).subspan(at, least);
    if (is_zero(entry))
      continue;
    const std::uint64_t first = base::little_endian::load<std::uint64_t>(entry, 32);
    const std::uint64_t last = base::little_endian::load<std::uint64_t>(entry, 40);
    if (is_zero(entry.first(16)) || first < 2 || first > last || last >= sectors_)
      return false;
  }
  return true;
}

// Of the two places for a primary's entries, one that does not touch the present ones, ends before
// the first partition, and holds nothing of somebody else.
std::optional<std::uint64_t> GptDisk::free_place(const GptTable &table) const
{
  const std::uint64_t length = table.entries_sectors();
  const std::uint64_t limit = first_partition(table);
  for (const std::uint64_t place : {std::uint64_t{2}, 2 + length}) {
    const bool apart = place + length <= table.entries_lba || table.entries_lba + length <= place;
    if (apart && place + length <= limit && holds_only_entries(place, length))
      return place;
  }
  return std::nullopt;
}

GptTable GptDisk::as_backup(const GptTable &primary, const GptReading &present) const
{
  GptTable copy = primary;
  copy.my_lba = primary.alternate_lba;
  copy.alternate_lba = primary.my_lba;
  const std::uint64_t length = copy.entries_sectors();
  const std::uint64_t said = present.entries_lba.value_or(0);
  const bool fits = said > copy.last_usable && said + length <= copy.my_lba;
  copy.entries_lba = fits ? said : copy.my_lba - length;
  if (copy.entries_lba <= copy.last_usable)
    base::fail(base::Kind::config,
               "{} has no room for a backup table between the last usable sector {} and its end",
               name_,
               copy.last_usable);
  return copy;
}

GptTable GptDisk::as_primary(const GptTable &backup, const GptReading &present) const
{
  GptTable copy = backup;
  std::swap(copy.my_lba, copy.alternate_lba);
  // A sound header says where the entries were; else they go where they fit.
  const auto place = present.entries_lba ? present.entries_lba : free_place(backup);
  if (!place || *place + copy.entries_sectors() > first_partition(copy))
    base::fail(base::Kind::config,
               "{} cannot be repaired from its backup table: what lies behind sector 1 is no "
               "partition table and may be a boot loader; see to it with \"gdisk {}\", r, b, c, w",
               name_,
               name_);
  put_entries(copy, *place);
  return copy;
}

// The header goes last, because with it the copy becomes valid; the flush between them keeps the
// disk from turning that around.
void GptDisk::write_primary(base::Sys &sys, const GptTable &copy)
{
  sys.write_at(fd_, copy.entries_lba * sector_size_, encode_entries(copy));
  sys.sync(fd_);
  sys.write_at(fd_, copy.my_lba * sector_size_, encode_header(copy));
  sys.sync(fd_);
}

// The backup's entries have one place only, so that it is invalid from the first of its sectors to
// the last, in any order; the primary is safe meanwhile, and no flush between them helps.
void GptDisk::write_backup(base::Sys &sys, const GptTable &copy)
{
  sys.write_at(fd_, copy.entries_lba * sector_size_, encode_entries(copy));
  sys.write_at(fd_, copy.my_lba * sector_size_, encode_header(copy));
  sys.sync(fd_);
}

bool GptDisk::repair_from(base::Sys &sys, const GptState &state)
{
  if (state.health == GptHealth::good)
    return false;
  if (state.health == GptHealth::primary_bad)
    write_primary(sys, as_primary(state.backup.table.value(), state.primary));
  else
    // Where both are valid but differ, a commit was cut. The primary wins, whichever is newer:
    // kernel and firmware went by it, so it is what the machine runs with. In the shadow order it
    // is the newer one, and the commit is completed; in the classic order it is the older one, and
    // the commit is undone.
    write_backup(sys, as_backup(state.primary.table.value(), state.backup));
  return true;
}

bool GptDisk::repair(base::Sys &sys)
{
  return base::during(fmt::format("repairing the partition table of {}", name_),
                      [&] { return repair_from(sys, read_to_change()); });
}

Committed GptDisk::commit(base::Sys &sys, const GptTable &changed, PrimaryCommit how)
{
  return base::during(fmt::format("changing the partition table of {}", name_), [&] {
    GptState state = read_to_change();
    if (const auto difference = moved(*state.table(), changed))
      base::fail(base::Kind::internal, "{}", *difference);
    // Encodes every label, so that one that does not fit is refused before the first write.
    GptTable next = *state.table();
    next.entries = changed.entries;
    const bool nothing_new = same_content(*state.table(), next);
    if (repair_from(sys, state))
      state = read_to_change();
    if (nothing_new)
      return Committed{how, {}};

    next = state.primary.table.value();
    next.entries = changed.entries;
    const Committed done = replace_both(sys, state, std::move(next), how);
    sys.announce_partitions(fd_, partitions_of(changed));
    return done;
  });
}

Committed
GptDisk::replace_both(base::Sys &sys, const GptState &state, GptTable next, PrimaryCommit how)
{
  Committed done{how, {}};
  if (how == PrimaryCommit::shadow) {
    if (const auto place = free_place(*state.primary.table)) {
      // The kernel goes by the old entries until the one sector of the header points to the new.
      put_entries(next, *place);
      write_primary(sys, next);
      write_backup(sys, as_backup(next, state.backup));
      return done;
    }
    done = {PrimaryCommit::in_place,
            fmt::format("the partition table of {} is rewritten in place, because the {} sectors "
                        "beside its entries belong to a partition or hold something else; if the "
                        "power fails in that moment, Linux sees no partitions until it is booted "
                        "with \"gpt\" on its command line",
                        name_,
                        next.entries_sectors())};
  }
  // The backup goes first, so that one valid copy is there at every instant.
  write_backup(sys, as_backup(next, state.backup));
  write_primary(sys, next);
  return done;
}

} // namespace verity
