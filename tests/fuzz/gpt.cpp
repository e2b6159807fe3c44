// SPDX-License-Identifier: Apache-2.0
#include "verity/gpt.hpp"

#include "fuzz.hpp"

#include <zlib.h>

#include <cstring>

namespace {

constexpr std::size_t sector = 512;

std::vector<std::byte> sectors(std::string_view disk, std::uint64_t lba, std::uint64_t count)
{
  fuzz::demand(lba <= disk.size() / sector && count <= disk.size() / sector - lba,
               "nothing is read beyond the disk");
  const auto bytes = std::as_bytes(std::span(disk.substr(lba * sector, count * sector)));
  return {bytes.begin(), bytes.end()};
}

void read_copy(std::string_view disk, std::uint64_t header)
{
  const auto reader = [&](std::uint64_t lba, std::uint64_t count) {
    return sectors(disk, lba, count);
  };
  const auto reading = verity::parse_gpt(reader, sector, disk.size() / sector, header);
  fuzz::demand(reading.table.has_value() == reading.refusal.empty(),
               "there is a table or a reason");
  if (!reading.table)
    return;
  const verity::GptTable &table = *reading.table;
  const auto entries = verity::encode_entries(table);
  const std::size_t counted = table.entries.size() * table.entry_size;
  fuzz::demand(std::memcmp(entries.data(), disk.data() + table.entries_lba * sector, counted) == 0,
               "the entries are written as they were");
  fuzz::demand(verity::encode_header(table) == sectors(disk, header, 1),
               "the header is written as it was");
}

template <typename Number> Number load(std::span<char> bytes, std::size_t at)
{
  Number value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void store_checksum(std::span<char> into, std::size_t at, std::span<const char> of)
{
  const auto sum = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef *>(of.data()), static_cast<uInt>(of.size())));
  std::memcpy(into.data() + at, &sum, sizeof sum);
}

void mend_header(std::span<char> disk, std::size_t lba)
{
  const std::span<char> header = disk.subspan(lba * sector, sector);
  const std::uint64_t first = load<std::uint64_t>(header, 72);
  const std::uint64_t length =
      std::uint64_t{load<std::uint32_t>(header, 80)} * load<std::uint32_t>(header, 84);
  if (first < disk.size() / sector && length <= disk.size() - first * sector)
    store_checksum(header, 88, disk.subspan(first * sector, length));
  std::memset(header.data() + 16, 0, 4);
  store_checksum(
      header, 16, header.first(std::min<std::size_t>(load<std::uint32_t>(header, 12), sector)));
}

// Reading a copy of a table and writing it again gives the same bytes.
const fuzz::Registered gpt({"gpt",
                            {},
                            [](std::string_view input) {
                              if (input.size() < 3 * sector)
                                return;
                              read_copy(input, 1);
                              read_copy(input, input.size() / sector - 1);
                            },
                            [](std::span<char> input) {
                              if (input.size() < 3 * sector)
                                return;
                              mend_header(input, 1);
                              mend_header(input, input.size() / sector - 1);
                            }});

} // namespace
