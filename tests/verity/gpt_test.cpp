// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/gpt_image.hpp"
#include "verity/gpt.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <functional>

TEST_SUITE_BEGIN("verity/gpt");

using verity::GptReading;
using verity::GptTable;

namespace {

GptReading parse(const std::vector<std::byte> &disk, unsigned sector_size, std::uint64_t lba)
{
  return verity::parse_gpt(
      support::reader_of(disk, sector_size), sector_size, disk.size() / sector_size, lba);
}

template <typename Number> void poke(std::vector<std::byte> &disk, std::size_t at, Number value)
{
  std::memcpy(disk.data() + at, &value, sizeof value);
}

constexpr std::size_t header = 512;
constexpr std::size_t entries = 1024;

struct Damage {
  const char *what;
  std::function<void(std::vector<std::byte> &)> apply;
  bool fix;
  std::string refusal;
};

} // namespace

TEST_CASE("a table that is accepted is written back byte by byte")
{
  for (const unsigned sector_size : {512U, 4096U})
    for (const std::uint32_t entry_size : {128U, 256U, 1024U}) {
      CAPTURE(sector_size);
      CAPTURE(entry_size);
      support::GptShape shape;
      shape.sector_size = sector_size;
      shape.entry_size = entry_size;
      std::vector<std::byte> disk = support::gpt_disk(shape);
      // Bytes that mean nothing to strake: the end of a label, of an entry, of the header sector.
      for (const std::uint64_t lba : {std::uint64_t{1}, shape.sectors - 1}) {
        const GptTable table = parse(disk, sector_size, lba).table.value();
        const std::size_t first = table.entries_lba * sector_size;
        disk[first + 127] = std::byte{0x77};
        disk[first + entry_size - 1] = std::byte{0x99};
        disk[first + 5 * entry_size + 40] = std::byte{0x55}; // of an unused entry
        disk[(lba + 1) * sector_size - 1] = std::byte{0x33};
        support::fix_checksums(disk, sector_size, lba);
        const GptReading again = parse(disk, sector_size, lba);
        REQUIRE_MESSAGE(again.table.has_value(), again.refusal);
        const auto read = support::reader_of(disk, sector_size);
        CHECK(verity::encode_header(*again.table) == read(lba, 1));
        CHECK(verity::encode_entries(*again.table) ==
              read(again.table->entries_lba, again.table->entries_sectors()));
      }
    }
}

TEST_CASE("every field of a table is read from where UEFI puts it")
{
  support::GptShape shape;
  shape.used = {2, 7};
  const auto disk = support::gpt_disk(shape);
  const GptTable table = parse(disk, 512, 1).table.value();
  CHECK(table.disk.text() == "5ea7ed00-0000-4000-8000-00000000d15c");
  CHECK(table.my_lba == 1);
  CHECK(table.alternate_lba == 8191);
  CHECK(table.first_usable == 2048);
  CHECK(table.last_usable == 8191 - 33);
  CHECK(table.entries.size() == 128);
  CHECK_FALSE(table.entry(1).used());
  CHECK(table.entry(7).label == "part-7");
  CHECK(table.entry(7).unique.text() == "5ea7ed00-0000-4000-8000-000000000007");
  CHECK(table.offset_of(table.entry(7)) == 2056 * 512);
  CHECK(table.length_of(table.entry(7)) == 8 * 512);
  CHECK(table.length_of(table.entry(1)) == 0);
  CHECK_THROWS_AS((void)table.entry(0), base::Error);
  CHECK_THROWS_AS((void)table.entry(129), base::Error);
}

TEST_CASE("a damaged or dishonest table is refused with one clear reason")
{
  const std::vector<Damage> damages = {
      {"signature",
       [](auto &disk) { poke(disk, header, 'X'); },
       false,
       "there is no GPT signature"},
      {"revision",
       [](auto &disk) { poke(disk, header + 8, 0x00020000U); },
       true,
       "its header has revision 0x00020000, and only 0x00010000 (1.0) is known"},
      {"small header",
       [](auto &disk) { poke(disk, header + 12, 91U); },
       true,
       "its header claims 91 bytes, which is not within 92 and 512"},
      {"large header",
       [](auto &disk) { poke(disk, header + 12, 513U); },
       true,
       "its header claims 513 bytes, which is not within 92 and 512"},
      {"header checksum",
       [](auto &disk) { poke(disk, header + 16, 0x12345678U); },
       false,
       "not 12345678 as it says"},
      {"header elsewhere",
       [](auto &disk) { poke(disk, header + 24, std::uint64_t{7}); },
       true,
       "its header lies in sector 1 but says it belongs in sector 7"},
      {"entry size 0",
       [](auto &disk) { poke(disk, header + 84, 0U); },
       true,
       "its entries have 0 bytes each"},
      {"entry size 192",
       [](auto &disk) { poke(disk, header + 84, 192U); },
       true,
       "its entries have 192 bytes each, which is not 128, 256, 512 or so on"},
      {"no entries",
       [](auto &disk) { poke(disk, header + 80, 0U); },
       true,
       "it has room for no partition at all"},
      {"too many entries",
       [](auto &disk) { poke(disk, header + 80, 0xffffffffU); },
       true,
       "it claims 4294967295 entries of 128 bytes, more than 1048576 bytes in all"},
      {"usable upside down",
       [](auto &disk) { poke(disk, header + 40, std::uint64_t{8160}); },
       true,
       "its usable sectors 8160 to 8158 do not fit on a disk of 8192 sectors"},
      {"usable beyond the end",
       [](auto &disk) { poke(disk, header + 48, ~std::uint64_t{0}); },
       true,
       "its usable sectors 2048 to 18446744073709551615 do not fit"},
      {"entries over the header",
       [](auto &disk) { poke(disk, header + 72, std::uint64_t{1}); },
       true,
       "its 32 sectors of entries from sector 1 do not lie between its header and the first "
       "usable"},
      {"entries in the partitions",
       [](auto &disk) { poke(disk, header + 72, std::uint64_t{2017}); },
       true,
       "its 32 sectors of entries from sector 2017 do not lie between"},
      {"entries nowhere",
       [](auto &disk) { poke(disk, header + 72, ~std::uint64_t{0}); },
       true,
       "do not lie between its header and the first usable sector"},
      {"entries checksum",
       [](auto &disk) { poke(disk, entries + 60, 'X'); },
       false,
       "the checksum of its entries is"},
      {"ends before it begins",
       [](auto &disk) { poke(disk, entries + 40, std::uint64_t{2047}); },
       true,
       "partition 1 claims sectors 2048 to 2047, but 2048 to 8158 are usable"},
      {"before the usable",
       [](auto &disk) { poke(disk, entries + 32, std::uint64_t{2000}); },
       true,
       "partition 1 claims sectors 2000 to 2055, but 2048 to 8158 are usable"},
      {"after the usable",
       [](auto &disk) { poke(disk, entries + 256 + 40, std::uint64_t{8159}); },
       true,
       "partition 3 claims sectors 2064 to 8159, but 2048 to 8158 are usable"},
      {"overlap",
       [](auto &disk) { poke(disk, entries + 40, std::uint64_t{2056}); },
       true,
       "partitions 1 and 2 overlap at sector 2056"},
  };
  for (const Damage &damage : damages) {
    CAPTURE(damage.what);
    std::vector<std::byte> disk = support::gpt_disk({});
    damage.apply(disk);
    if (damage.fix)
      support::fix_checksums(disk, 512, 1);
    const GptReading reading = parse(disk, 512, 1);
    CHECK_FALSE(reading.table);
    CHECK_MESSAGE(reading.refusal.find(damage.refusal) != std::string::npos, reading.refusal);
  }
}

TEST_CASE("the backup's entries must lie between the partitions and its header")
{
  std::vector<std::byte> disk = support::gpt_disk({});
  const std::size_t backup = 8191 * 512;
  CHECK(parse(disk, 512, 8191).table);
  poke(disk, backup + 72, std::uint64_t{2});
  support::fix_checksums(disk, 512, 8191);
  CHECK(parse(disk, 512, 8191).refusal ==
        "its 32 sectors of entries from sector 2 do not lie between the last usable sector and its "
        "header");
  poke(disk, backup + 72, std::uint64_t{8160});
  support::fix_checksums(disk, 512, 8191);
  CHECK_FALSE(parse(disk, 512, 8191).table);
}

TEST_CASE("a disk too small for a table is refused without being read beyond its end")
{
  const std::vector<std::byte> nothing;
  CHECK(parse(nothing, 512, 1).refusal == "the disk has no sector 1 to hold it");
}

TEST_CASE("a label has room for 36 UTF-16 units, whatever that is in bytes")
{
  CHECK(verity::label_fits(""));
  CHECK(verity::label_fits(std::string(36, 'x')));
  CHECK_FALSE(verity::label_fits(std::string(37, 'x')));
  std::string umlauts;
  std::string pigs;
  for (int count = 0; count < 18; ++count) {
    umlauts += "ää";
    pigs += "🐖"; // two units each
  }
  CHECK(verity::label_fits(umlauts));
  CHECK(verity::label_fits(pigs));
  CHECK_FALSE(verity::label_fits(pigs + "x"));
  CHECK_FALSE(verity::label_fits(std::string_view("a\0b", 3)));
  CHECK_FALSE(verity::label_fits("\xc0\x80"));         // an overlong NUL
  CHECK_FALSE(verity::label_fits("\xed\xa0\x80"));     // a lone surrogate
  CHECK_FALSE(verity::label_fits("\xf4\x90\x80\x80")); // beyond U+10FFFF
  CHECK_FALSE(verity::label_fits("\xe2\x82"));         // cut off
  CHECK_FALSE(verity::label_fits("\xff"));
}

TEST_CASE("a label comes back as it was set, and one that does not fit is never cut short")
{
  GptTable table = support::gpt_table({});
  for (const std::string label : {"", "root-ä-🐖", "_empty"}) {
    table.entry(2).label = label;
    std::vector<std::byte> disk = support::gpt_disk({});
    const auto bytes = verity::encode_entries(table);
    std::copy(bytes.begin(), bytes.end(), disk.begin() + entries);
    support::fix_checksums(disk, 512, 1);
    CHECK(parse(disk, 512, 1).table.value().entry(2).label == label);
  }
  table.entry(2).label = std::string(37, 'x');
  CHECK_THROWS_WITH_AS((void)verity::encode_entries(table),
                       doctest::Contains("at most 36 UTF-16 units"),
                       base::Error);
}

TEST_CASE("a label that is no UTF-16 reads as U+FFFD and survives until it is changed")
{
  std::vector<std::byte> disk = support::gpt_disk({});
  poke(disk, entries + 56, std::uint16_t{0xd800});
  support::fix_checksums(disk, 512, 1);
  GptTable table = parse(disk, 512, 1).table.value();
  CHECK(table.entry(1).label == "\xef\xbf\xbd"
                                "art-1");
  CHECK(verity::encode_entries(table) == support::reader_of(disk, 512)(2, 32));
  table.entry(1).label = "x";
  CHECK(verity::encode_entries(table)[57] == std::byte{0});
  CHECK(verity::encode_entries(table)[58] == std::byte{0});
}

TEST_CASE("the two copies have the same content wherever they lie")
{
  const auto disk = support::gpt_disk({});
  const GptTable primary = parse(disk, 512, 1).table.value();
  GptTable backup = parse(disk, 512, 8191).table.value();
  CHECK(verity::same_content(primary, backup));
  backup.entry(3).attributes |= verity::attribute::read_only;
  CHECK_FALSE(verity::same_content(primary, backup));
}

TEST_CASE("a changed table is told from one in which a partition moved")
{
  const GptTable before = support::gpt_table({});
  GptTable after = before;
  after.entry(1).label = "new";
  after.entry(1).type = verity::partial_type(after.entry(1).type);
  after.first_usable = 66;
  CHECK_FALSE(verity::moved(before, after));
  after.entry(1).last_lba -= 1;
  CHECK(verity::moved(before, after) == "partition 1 does not lie where it lies on the disk");
  after = before;
  after.entry(2).type = {};
  CHECK(verity::moved(before, after) == "partition 2 does not lie where it lies on the disk");
  after = before;
  after.disk.bytes[0] ^= 1U;
  CHECK(verity::moved(before, after)->find("but this is disk") != std::string::npos);
  after = before;
  after.entries.resize(64);
  CHECK(verity::moved(before, after) == "the table has another size than the one on the disk");
}

TEST_CASE("the types of partial and pending slots are those of systemd-sysupdate")
{
  const auto uuid = [](const char *text) { return base::Uuid::parse(text).value(); };
  const base::Uuid root = uuid("4f68bce3-e8cd-4db1-96e7-fbcaf984b709");
  CHECK(verity::partial_type(root).text() == "7a01d3c6-92ac-43e9-bd77-5726b602ad9d");
  CHECK(verity::pending_type(root).text() == "64362e66-88a7-463b-b325-7af60c81be06");
  const base::Uuid usr = uuid("8484680c-9521-48c6-9c11-b0720656f69e");
  CHECK(verity::partial_type(usr).text() == "dc0226f3-2b45-4572-844b-c7575b748b24");
  CHECK(verity::pending_type(usr).text() == "ac8558b5-455e-4869-8c5e-d8272455c06a");
}
