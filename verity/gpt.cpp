// SPDX-License-Identifier: Apache-2.0
#include "verity/gpt.hpp"

#include "base/error.hpp"
#include "base/little_endian.hpp"
#include "verity/gpt_label.hpp"
#include "verity/hmac.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace verity {

namespace {

// Byte offsets of the UEFI specification, 5.3.2 and 5.3.3.
constexpr std::size_t header_least = 92;
constexpr std::size_t header_revision_at = 8;
constexpr std::size_t header_size_at = 12;
constexpr std::size_t header_crc_at = 16;
constexpr std::size_t my_lba_at = 24;
constexpr std::size_t alternate_lba_at = 32;
constexpr std::size_t first_usable_at = 40;
constexpr std::size_t last_usable_at = 48;
constexpr std::size_t disk_at = 56;
constexpr std::size_t entries_lba_at = 72;
constexpr std::size_t entry_count_at = 80;
constexpr std::size_t entry_size_at = 84;
constexpr std::size_t entries_crc_at = 88;

constexpr std::size_t entry_least = 128;
constexpr std::size_t unique_at = 16;
constexpr std::size_t first_lba_at = 32;
constexpr std::size_t last_lba_at = 40;
constexpr std::size_t attributes_at = 48;
constexpr std::size_t label_at = 56;

constexpr std::string_view signature = "EFI PART";
constexpr std::uint32_t revision = 0x00010000;

// 128 entries of 128 bytes are usual; this bounds what a damaged or hostile disk can ask for.
constexpr std::uint64_t entries_limit = std::uint64_t{1} << 20U;

using base::little_endian::load;
using base::little_endian::store;

// GPT keeps the first three fields of a UUID in little-endian order, the rest as written.
constexpr std::array<std::size_t, 16> guid_order = {
    3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

base::Uuid load_uuid(base::Bytes data, std::size_t at)
{
  base::Uuid result;
  for (std::size_t index = 0; index < guid_order.size(); ++index)
    result.bytes[guid_order[index]] = std::to_integer<std::uint8_t>(data[at + index]);
  return result;
}

void store_uuid(base::MutableBytes data, std::size_t at, const base::Uuid &uuid)
{
  for (std::size_t index = 0; index < guid_order.size(); ++index)
    data[at + index] = std::byte{uuid.bytes[guid_order[index]]};
}

std::uint32_t checksum(base::Bytes data)
{
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef *>(data.data()), data.size()));
}

// The header's checksum is taken with its own field as zero.
std::uint32_t header_checksum(base::Bytes sector, std::size_t header_size)
{
  std::vector<std::byte> header(sector.begin(),
                                sector.begin() + static_cast<std::ptrdiff_t>(header_size));
  store<std::uint32_t>(header, header_crc_at, 0);
  return checksum(header);
}

std::string load_label(base::Bytes entry)
{
  LabelUnits units{};
  for (std::size_t index = 0; index < units.size(); ++index) {
    units[index] = load<std::uint16_t>(entry, label_at + 2 * index);
    if (units[index] == 0)
      break; // what is behind the end does not count, and of most entries all is
  }
  return label_text(units);
}

void store_label(base::MutableBytes entry, const std::string &label)
{
  const auto units = label_units(label);
  if (!units)
    base::fail(base::Kind::config,
               "\"{}\" cannot be a partition's label: it must be UTF-8 of at most {} UTF-16 units",
               label,
               label_limit);
  for (std::size_t index = 0; index < units->size(); ++index)
    store(entry, label_at + 2 * index, (*units)[index]);
}

GptEntry load_entry(base::Bytes data, unsigned number)
{
  GptEntry entry;
  entry.number = number;
  entry.type = load_uuid(data, 0);
  entry.unique = load_uuid(data, unique_at);
  entry.first_lba = load<std::uint64_t>(data, first_lba_at);
  entry.last_lba = load<std::uint64_t>(data, last_lba_at);
  entry.attributes = load<std::uint64_t>(data, attributes_at);
  entry.label = load_label(data);
  entry.raw_entry.assign(data.begin(), data.end());
  return entry;
}

void store_entry(base::MutableBytes data, const GptEntry &entry)
{
  std::copy(entry.raw_entry.begin(), entry.raw_entry.end(), data.begin());
  store_uuid(data, 0, entry.type);
  store_uuid(data, unique_at, entry.unique);
  store(data, first_lba_at, entry.first_lba);
  store(data, last_lba_at, entry.last_lba);
  store(data, attributes_at, entry.attributes);
  // A label that was not changed keeps its bytes: what is after its end, or is no UTF-16, too.
  if (entry.label != load_label(data))
    store_label(data, entry.label);
}

std::string refuse_header(base::Bytes sector, std::uint64_t header_lba)
{
  if (std::memcmp(sector.data(), signature.data(), signature.size()) != 0)
    return "there is no GPT signature";
  const auto found_revision = load<std::uint32_t>(sector, header_revision_at);
  if (found_revision != revision)
    return fmt::format("its header has revision {:#010x}, and only {:#010x} (1.0) is known",
                       found_revision,
                       revision);
  const auto size = load<std::uint32_t>(sector, header_size_at);
  if (size < header_least || size > sector.size())
    return fmt::format("its header claims {} bytes, which is not within {} and {}",
                       size,
                       header_least,
                       sector.size());
  const auto said = load<std::uint32_t>(sector, header_crc_at);
  const std::uint32_t is = header_checksum(sector, size);
  if (said != is)
    return fmt::format("its header's checksum is {:08x}, not {:08x} as it says", is, said);
  const auto my_lba = load<std::uint64_t>(sector, my_lba_at);
  if (my_lba != header_lba)
    return fmt::format(
        "its header lies in sector {} but says it belongs in sector {}", header_lba, my_lba);
  return {};
}

GptTable load_header(base::Bytes sector)
{
  GptTable table;
  table.sector_size = static_cast<unsigned>(sector.size());
  table.disk = load_uuid(sector, disk_at);
  table.my_lba = load<std::uint64_t>(sector, my_lba_at);
  table.alternate_lba = load<std::uint64_t>(sector, alternate_lba_at);
  table.entries_lba = load<std::uint64_t>(sector, entries_lba_at);
  table.first_usable = load<std::uint64_t>(sector, first_usable_at);
  table.last_usable = load<std::uint64_t>(sector, last_usable_at);
  table.entry_size = load<std::uint32_t>(sector, entry_size_at);
  table.raw_header.assign(sector.begin(), sector.end());
  return table;
}

std::string refuse_sizes(const GptTable &table, std::uint64_t count)
{
  if (table.entry_size < entry_least || !std::has_single_bit(table.entry_size))
    return fmt::format("its entries have {} bytes each, which is not 128, 256, 512 or so on",
                       table.entry_size);
  if (count == 0)
    return "it has room for no partition at all";
  if (count > entries_limit / table.entry_size)
    return fmt::format("it claims {} entries of {} bytes, more than {} bytes in all",
                       count,
                       table.entry_size,
                       entries_limit);
  return {};
}

std::string refuse_places(const GptTable &table, std::uint64_t disk_sectors)
{
  if (table.first_usable > table.last_usable || table.last_usable >= disk_sectors)
    return fmt::format("its usable sectors {} to {} do not fit on a disk of {} sectors",
                       table.first_usable,
                       table.last_usable,
                       disk_sectors);
  const std::uint64_t length = table.entries_sectors();
  const bool before = table.entries_lba >= 2 && table.entries_lba <= table.first_usable &&
                      length <= table.first_usable - table.entries_lba;
  const bool after = table.entries_lba > table.last_usable &&
                     table.entries_lba < disk_sectors - 1 &&
                     length <= disk_sectors - 1 - table.entries_lba;
  if (table.my_lba == 1 ? !before : !after)
    return fmt::format("its {} sectors of entries from sector {} do not lie {}",
                       length,
                       table.entries_lba,
                       table.my_lba == 1 ? "between its header and the first usable sector"
                                         : "between the last usable sector and its header");
  return {};
}

std::string refuse_partitions(const GptTable &table)
{
  std::vector<const GptEntry *> used;
  for (const GptEntry &entry : table.entries)
    if (entry.used())
      used.push_back(&entry);
  for (const GptEntry *entry : used)
    if (entry->first_lba > entry->last_lba || entry->first_lba < table.first_usable ||
        entry->last_lba > table.last_usable)
      return fmt::format("partition {} claims sectors {} to {}, but {} to {} are usable",
                         entry->number,
                         entry->first_lba,
                         entry->last_lba,
                         table.first_usable,
                         table.last_usable);
  std::sort(used.begin(), used.end(), [](const GptEntry *left, const GptEntry *right) {
    return left->first_lba < right->first_lba;
  });
  for (std::size_t index = 1; index < used.size(); ++index)
    if (used[index]->first_lba <= used[index - 1]->last_lba)
      return fmt::format("partitions {} and {} overlap at sector {}",
                         used[index - 1]->number,
                         used[index]->number,
                         used[index]->first_lba);
  return {};
}

// Fills the slots of `table` from the bytes read at its entries_lba; returns why not, or nothing.
std::string load_entries(GptTable &table, base::Bytes data, base::Bytes header)
{
  const base::Bytes counted = data.first(table.entries.size() * table.entry_size);
  const auto said = load<std::uint32_t>(header, entries_crc_at);
  const std::uint32_t is = checksum(counted);
  if (said != is)
    return fmt::format(
        "the checksum of its entries is {:08x}, not {:08x} as its header says", is, said);
  for (std::size_t index = 0; index < table.entries.size(); ++index)
    table.entries[index] = load_entry(counted.subspan(index * table.entry_size, table.entry_size),
                                      static_cast<unsigned>(index + 1));
  return refuse_partitions(table);
}

base::Uuid derived_type(const base::Uuid &type, std::string_view application)
{
  const auto id = base::Uuid::parse(application).value();
  const verity::Sha256 mac =
      verity::hmac_sha256(std::as_bytes(std::span(type.bytes)), std::as_bytes(std::span(id.bytes)));
  base::Uuid result;
  for (std::size_t index = 0; index < result.bytes.size(); ++index)
    result.bytes[index] = std::to_integer<std::uint8_t>(mac[index]);
  // Version 4, variant 1 (RFC 9562).
  result.bytes[6] = static_cast<std::uint8_t>((result.bytes[6] & 0x0fU) | 0x40U);
  result.bytes[8] = static_cast<std::uint8_t>((result.bytes[8] & 0x3fU) | 0x80U);
  return result;
}

std::size_t index_of(const GptTable &table, unsigned number)
{
  if (number == 0 || number > table.entries.size())
    base::fail(base::Kind::internal,
               "a partition table of {} slots has no slot {}",
               table.entries.size(),
               number);
  return number - 1;
}

bool same_fields(const GptEntry &left, const GptEntry &right)
{
  std::vector<std::byte> left_bytes(std::max<std::size_t>(entry_least, left.raw_entry.size()));
  std::vector<std::byte> right_bytes(std::max<std::size_t>(entry_least, right.raw_entry.size()));
  store_entry(left_bytes, left);
  store_entry(right_bytes, right);
  return left_bytes == right_bytes;
}

} // namespace

std::uint64_t GptTable::entries_sectors() const
{
  return (std::uint64_t{entry_size} * entries.size() + sector_size - 1) / sector_size;
}

GptEntry &GptTable::entry(unsigned number)
{
  return entries[index_of(*this, number)];
}

const GptEntry &GptTable::entry(unsigned number) const
{
  return entries[index_of(*this, number)];
}

bool same_content(const GptTable &left, const GptTable &right)
{
  return left.sector_size == right.sector_size && left.disk == right.disk &&
         left.first_usable == right.first_usable && left.last_usable == right.last_usable &&
         left.entry_size == right.entry_size &&
         std::equal(left.entries.begin(),
                    left.entries.end(),
                    right.entries.begin(),
                    right.entries.end(),
                    same_fields);
}

std::optional<std::string> moved(const GptTable &present, const GptTable &changed)
{
  if (changed.disk != present.disk)
    return fmt::format("the table is that of disk {}, but this is disk {}",
                       changed.disk.text(),
                       present.disk.text());
  if (changed.sector_size != present.sector_size || changed.entry_size != present.entry_size ||
      changed.entries.size() != present.entries.size() ||
      changed.last_usable != present.last_usable)
    return "the table has another size than the one on the disk";
  for (std::size_t index = 0; index < present.entries.size(); ++index) {
    const GptEntry &before = present.entries[index];
    const GptEntry &after = changed.entries[index];
    if (before.number != after.number || before.used() != after.used() ||
        (before.used() &&
         (before.first_lba != after.first_lba || before.last_lba != after.last_lba)))
      return fmt::format("partition {} does not lie where it lies on the disk", before.number);
  }
  return std::nullopt;
}

GptReading parse_gpt(const SectorReader &read,
                     unsigned sector_size,
                     std::uint64_t disk_sectors,
                     std::uint64_t header_lba)
{
  if (sector_size < 512 || header_lba == 0 || header_lba >= disk_sectors)
    return {std::nullopt, fmt::format("the disk has no sector {} to hold it", header_lba)};
  const std::vector<std::byte> sector = read(header_lba, 1);
  if (std::string refusal = refuse_header(sector, header_lba); !refusal.empty())
    return {std::nullopt, std::move(refusal)};

  GptTable table = load_header(sector);
  const auto count = load<std::uint32_t>(sector, entry_count_at);
  if (std::string refusal = refuse_sizes(table, count); !refusal.empty())
    return {std::nullopt, std::move(refusal)};
  table.entries.resize(count);
  if (std::string refusal = refuse_places(table, disk_sectors); !refusal.empty())
    return {std::nullopt, std::move(refusal)};

  const std::uint64_t entries_lba = table.entries_lba;
  std::string refusal = load_entries(table, read(entries_lba, table.entries_sectors()), sector);
  if (!refusal.empty())
    return {std::nullopt, std::move(refusal), entries_lba};
  return {std::move(table), {}, entries_lba};
}

std::vector<std::byte> encode_entries(const GptTable &table)
{
  std::vector<std::byte> result(table.entries_sectors() * table.sector_size);
  for (std::size_t index = 0; index < table.entries.size(); ++index)
    store_entry(base::MutableBytes(result).subspan(index * table.entry_size, table.entry_size),
                table.entries[index]);
  return result;
}

std::vector<std::byte> encode_protective_mbr(const GptTable &primary)
{
  constexpr std::size_t entry = 446;
  constexpr std::uint64_t most = 0xffffffff;
  std::vector<std::byte> sector(primary.sector_size);
  // Beginning and end in the old geometry, whose largest values stand for what it cannot say.
  const std::array<unsigned, 8> fields = {0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff};
  for (std::size_t at = 0; at < fields.size(); ++at)
    sector[entry + at] = static_cast<std::byte>(fields.at(at));
  sector[entry + 8] = std::byte{1};
  const std::uint64_t sectors = std::min(primary.alternate_lba, most);
  for (unsigned at = 0; at < 4; ++at)
    sector[entry + 12 + at] = static_cast<std::byte>(sectors >> (8 * at) & 0xffU);
  sector[510] = std::byte{0x55};
  sector[511] = std::byte{0xaa};
  return sector;
}

std::vector<std::byte> encode_header(const GptTable &table)
{
  std::vector<std::byte> sector = table.raw_header;
  if (sector.empty()) {
    sector.resize(table.sector_size);
    std::memcpy(sector.data(), signature.data(), signature.size());
    store<std::uint32_t>(sector, header_revision_at, revision);
    store<std::uint32_t>(sector, header_size_at, header_least);
  }
  const auto count = static_cast<std::uint32_t>(table.entries.size());
  const std::vector<std::byte> entries = encode_entries(table);
  store(sector, my_lba_at, table.my_lba);
  store(sector, alternate_lba_at, table.alternate_lba);
  store(sector, first_usable_at, table.first_usable);
  store(sector, last_usable_at, table.last_usable);
  store_uuid(sector, disk_at, table.disk);
  store(sector, entries_lba_at, table.entries_lba);
  store(sector, entry_count_at, count);
  store(sector, entry_size_at, table.entry_size);
  store(sector,
        entries_crc_at,
        checksum(base::Bytes(entries).first(std::size_t{count} * table.entry_size)));
  const auto header_size = load<std::uint32_t>(sector, header_size_at);
  store(sector, header_crc_at, header_checksum(sector, header_size));
  return sector;
}

base::Uuid partial_type(const base::Uuid &type)
{
  return derived_type(type, "accfa0c2-da24-460a-9fc9-0bb8fc785219");
}

base::Uuid pending_type(const base::Uuid &type)
{
  return derived_type(type, "80f3d61e-2383-43b9-81f5-ce3793f47d4c");
}

} // namespace verity
