// SPDX-License-Identifier: Apache-2.0
#include "support/gpt_image.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace support {

namespace {

base::Uuid uuid_of(unsigned number)
{
  return base::Uuid::parse(fmt::format("5ea7ed00-0000-4000-8000-{:012x}", number)).value();
}

void put(std::vector<std::byte> &disk, std::uint64_t offset, const std::vector<std::byte> &data)
{
  std::copy(data.begin(), data.end(), disk.begin() + static_cast<std::ptrdiff_t>(offset));
}

void put_protective_mbr(std::vector<std::byte> &disk)
{
  disk[446 + 4] = std::byte{0xee};
  disk[446 + 8] = std::byte{1};
  std::fill_n(disk.begin() + 446 + 12, 4, std::byte{0xff});
  disk[510] = std::byte{0x55};
  disk[511] = std::byte{0xaa};
}

} // namespace

verity::GptTable gpt_table(const GptShape &shape)
{
  verity::GptTable table;
  table.sector_size = shape.sector_size;
  table.disk = uuid_of(0xd15c);
  table.my_lba = 1;
  table.alternate_lba = shape.sectors - 1;
  table.entries_lba = 2;
  table.entry_size = shape.entry_size;
  table.entries.resize(shape.entries);
  table.first_usable = shape.first_usable;
  table.last_usable = shape.sectors - 2 - table.entries_sectors();
  for (unsigned index = 0; index < shape.entries; ++index)
    table.entries[index].number = index + 1;
  std::uint64_t next = std::max<std::uint64_t>(shape.first_usable, 64);
  for (const unsigned number : shape.used) {
    verity::GptEntry &entry = table.entry(number);
    entry.type = base::Uuid::parse("4f68bce3-e8cd-4db1-96e7-fbcaf984b709").value();
    entry.unique = uuid_of(number);
    entry.first_lba = next;
    entry.last_lba = next + 7;
    entry.label = fmt::format("part-{}", number);
    next += 8;
  }
  return table;
}

std::vector<std::byte> gpt_disk(const GptShape &shape)
{
  const verity::GptTable table = gpt_table(shape);
  std::vector<std::byte> disk = disk_with(table);
  for (const verity::GptEntry &entry : table.entries)
    if (entry.used())
      std::fill_n(disk.begin() + static_cast<std::ptrdiff_t>(table.offset_of(entry)),
                  table.length_of(entry),
                  static_cast<std::byte>(entry.number));
  return disk;
}

std::vector<std::byte> disk_with(const verity::GptTable &primary)
{
  const unsigned size = primary.sector_size;
  std::vector<std::byte> disk((primary.alternate_lba + 1) * size);
  put_protective_mbr(disk);
  verity::GptTable table = primary;
  put(disk, size, verity::encode_header(table));
  put(disk, table.entries_lba * size, verity::encode_entries(table));
  std::swap(table.my_lba, table.alternate_lba);
  table.entries_lba = table.last_usable + 1;
  put(disk, table.my_lba * size, verity::encode_header(table));
  put(disk, table.entries_lba * size, verity::encode_entries(table));
  return disk;
}

verity::SectorReader reader_of(const std::vector<std::byte> &disk, unsigned sector_size)
{
  return [&disk, sector_size](std::uint64_t lba, std::uint64_t count) {
    const auto begin = disk.begin() + static_cast<std::ptrdiff_t>(lba * sector_size);
    return std::vector<std::byte>(begin, begin + static_cast<std::ptrdiff_t>(count * sector_size));
  };
}

void fix_checksums(std::vector<std::byte> &disk, unsigned sector_size, std::uint64_t header_lba)
{
  // Numbers are taken as this machine stores them: the tests run on little-endian ones.
  std::byte *header = disk.data() + header_lba * sector_size;
  std::uint64_t entries_lba = 0;
  std::uint32_t count = 0;
  std::uint32_t entry_size = 0;
  std::memcpy(&entries_lba, header + 72, sizeof entries_lba);
  std::memcpy(&count, header + 80, sizeof count);
  std::memcpy(&entry_size, header + 84, sizeof entry_size);
  const auto crc = [](const std::byte *data, std::uint64_t length) {
    return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef *>(data), length));
  };
  const std::uint64_t length = std::uint64_t{count} * entry_size;
  if (entries_lba < disk.size() / sector_size &&
      length <= disk.size() - entries_lba * sector_size) {
    const std::uint32_t entries_crc = crc(disk.data() + entries_lba * sector_size, length);
    std::memcpy(header + 88, &entries_crc, sizeof entries_crc);
  }
  std::uint32_t header_size = 0;
  std::memcpy(&header_size, header + 12, sizeof header_size);
  std::memset(header + 16, 0, 4);
  const std::uint32_t header_crc = crc(header, std::min<std::uint64_t>(header_size, sector_size));
  std::memcpy(header + 16, &header_crc, sizeof header_crc);
}

} // namespace support
