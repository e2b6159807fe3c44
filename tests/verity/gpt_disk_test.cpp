// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/disk_file.hpp"
#include "support/gpt_image.hpp"
#include "verity/gpt_disk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

TEST_SUITE_BEGIN("verity/gpt_disk");

using support::DiskFile;
using support::GptShape;
using support::RecordingSys;
using verity::GptDisk;
using verity::GptHealth;
using verity::GptTable;
using verity::PrimaryCommit;

namespace {

GptTable renamed(GptTable table, const std::string &label = "new")
{
  table.entry(2).label = label;
  return table;
}

GptDisk open(const DiskFile &file)
{
  return {file.open(), "the disk"};
}

void spoil(std::vector<std::byte> &disk, std::size_t offset)
{
  disk[offset] ^= std::byte{0xff};
}

// Everything but the two headers, the two homes of the primary's entries, and the backup's.
void check_nothing_else_changed(const std::vector<std::byte> &before,
                                const std::vector<std::byte> &after,
                                unsigned sector_size,
                                std::size_t home_sectors)
{
  REQUIRE(before.size() == after.size());
  const auto in = [](std::size_t count) { return static_cast<std::ptrdiff_t>(count); };
  const std::size_t head = (2 + 2 * home_sectors) * sector_size;
  const std::size_t tail = before.size() - (1 + home_sectors) * sector_size;
  CHECK(std::equal(before.begin(), before.begin() + sector_size, after.begin()));
  CHECK(std::equal(before.begin() + in(head), before.begin() + in(tail), after.begin() + in(head)));
}

/// The sectors written, in order; 0 is a flush.
std::vector<std::uint64_t> order_of(const RecordingSys &sys)
{
  std::vector<std::uint64_t> order;
  for (const support::DiskStep &step : sys.steps)
    order.push_back(step.offset / 512);
  return order;
}

} // namespace

TEST_CASE("a commit leaves both copies new and equal, and touches nothing else")
{
  for (const unsigned sector_size : {512U, 4096U}) {
    CAPTURE(sector_size);
    const std::size_t home = sector_size == 512 ? 32 : 4;
    const GptShape shape{.sector_size = sector_size, .first_usable = 66};
    const auto before = support::gpt_disk(shape);
    const DiskFile file(before);
    GptDisk disk = open(file);
    CHECK(disk.sector_size() == sector_size);
    RecordingSys sys;
    for (const std::uint64_t expected : {2 + home, std::size_t{2}, 2 + home}) {
      const std::string label = "new-" + std::to_string(expected);
      const verity::Committed done = disk.commit(sys, renamed(disk.table(), label));
      CHECK(done.how == PrimaryCommit::shadow);
      CHECK(done.warning.empty());
      const verity::GptState state = disk.read();
      CHECK(state.health == GptHealth::good);
      CHECK(state.primary.table->entries_lba == expected);
      CHECK(state.primary.table->entry(2).label == label);
      CHECK(state.backup.table->entry(2).label == label);
    }
    check_nothing_else_changed(before, file.content(), sector_size, home);
    REQUIRE(sys.announced.size() == 3);
    CHECK(sys.announced[1].number == 2);
    CHECK(sys.announced[1].start == (66 + 8) * sector_size);
    CHECK(sys.announced[1].length == 8 * sector_size);
  }
}

TEST_CASE("a commit is four writes, each of the primary's flushed before the next")
{
  const DiskFile file(support::gpt_disk({}));
  GptDisk disk = open(file);
  RecordingSys sys;
  disk.commit(sys, renamed(disk.table()));
  CHECK(order_of(sys) == std::vector<std::uint64_t>{34, 0, 1, 0, 8191 - 32, 8191, 0});
}

TEST_CASE("a commit of what is there already writes nothing")
{
  const DiskFile file(support::gpt_disk({}));
  GptDisk disk = open(file);
  RecordingSys sys;
  disk.commit(sys, disk.table());
  CHECK(sys.steps.empty());
}

TEST_CASE("the first usable sector is raised where no partition needs what is below")
{
  // As sgdisk makes it: usable from 34 on, but the first partition begins later (64 here).
  const GptShape shape{.first_usable = 34};
  const DiskFile file(support::gpt_disk(shape));
  GptDisk disk = open(file);
  RecordingSys sys;
  GptTable table = disk.table();
  CHECK(disk.commit(sys, renamed(table)).how == PrimaryCommit::in_place);

  std::vector<std::byte> later = support::gpt_disk({.first_usable = 66});
  for (const std::uint64_t lba : {std::uint64_t{1}, std::uint64_t{8191}}) {
    later[lba * 512 + 40] = std::byte{34};
    support::fix_checksums(later, 512, lba);
  }
  file.set(later);
  CHECK(disk.table().first_usable == 34);
  CHECK(disk.commit(sys, renamed(disk.table())).how == PrimaryCommit::shadow);
  CHECK(disk.read().health == GptHealth::good);
  CHECK(disk.table().first_usable == 66);
}

TEST_CASE("a boot loader outside of all partitions is never overwritten")
{
  auto before = support::gpt_disk({});
  for (std::size_t at = 64 * 512; at < 80 * 512; ++at)
    before[at] = static_cast<std::byte>(at * 7 + 3);
  const DiskFile file(before);
  GptDisk disk = open(file);
  RecordingSys sys;
  const verity::Committed done = disk.commit(sys, renamed(disk.table()));
  CHECK(done.how == PrimaryCommit::in_place);
  CHECK(done.warning.find("hold something else") != std::string::npos);
  CHECK(disk.table().entry(2).label == "new");
  const auto after = file.content();
  CHECK(
      std::equal(before.begin() + 34 * 512, before.begin() + 2048 * 512, after.begin() + 34 * 512));
}

TEST_CASE("in place, the primary's entries stay where they are and nothing is warned about")
{
  const DiskFile file(support::gpt_disk({}));
  GptDisk disk = open(file);
  RecordingSys sys;
  const auto done = disk.commit(sys, renamed(disk.table()), PrimaryCommit::in_place);
  CHECK(done.how == PrimaryCommit::in_place);
  CHECK(done.warning.empty());
  CHECK(disk.table().entries_lba == 2);
  CHECK(disk.read().health == GptHealth::good);
  CHECK(order_of(sys) == std::vector<std::uint64_t>{8191 - 32, 8191, 0, 2, 0, 1, 0});
}

TEST_CASE("a commit that would move a partition or has too long a label writes nothing")
{
  const auto before = support::gpt_disk({});
  const DiskFile file(before);
  GptDisk disk = open(file);
  RecordingSys sys;
  GptTable table = renamed(disk.table());
  table.entry(3).last_lba += 1;
  CHECK_THROWS_WITH_AS(disk.commit(sys, table),
                       "changing the partition table of the disk: partition 3 does not lie where "
                       "it lies on the disk",
                       base::Error);
  CHECK_THROWS_WITH_AS(disk.commit(sys, renamed(disk.table(), std::string(37, 'x'))),
                       doctest::Contains("at most 36 UTF-16 units"),
                       base::Error);
  CHECK(sys.steps.empty());
  CHECK(file.content() == before);
}

TEST_CASE("one bad copy is made anew from the other, and a second repair has nothing to do")
{
  struct Case {
    const char *what;
    std::size_t spoiled;
    GptHealth health;
  };

  for (const unsigned sector_size : {512U, 4096U}) {
    const GptShape shape{.sector_size = sector_size};
    const auto before = support::gpt_disk(shape);
    const std::size_t backup = before.size() - sector_size;
    for (const Case &one : {Case{"primary header", sector_size + 60, GptHealth::primary_bad},
                            Case{"primary entries", 2 * sector_size + 60, GptHealth::primary_bad},
                            Case{"backup header", backup + 60, GptHealth::backup_bad},
                            Case{"backup entries", backup - 16384 + 60, GptHealth::backup_bad}}) {
      CAPTURE(one.what);
      CAPTURE(sector_size);
      auto spoiled = before;
      spoil(spoiled, one.spoiled);
      const DiskFile file(spoiled);
      GptDisk disk = open(file);
      CHECK(disk.read().health == one.health);
      CHECK(disk.table().entry(3).label == "part-3");
      RecordingSys sys;
      CHECK(disk.repair(sys));
      CHECK(disk.read().health == GptHealth::good);
      CHECK_FALSE(disk.repair(sys));
      CHECK(sys.steps.size() == (one.health == GptHealth::primary_bad ? 4 : 3));
      if (std::string(one.what) != "primary header")
        CHECK(file.content() == before);
    }
  }
}

TEST_CASE("a commit repairs first what is bad")
{
  auto spoiled = support::gpt_disk({});
  spoil(spoiled, 1024);
  const DiskFile file(spoiled);
  GptDisk disk = open(file);
  RecordingSys sys;
  disk.commit(sys, renamed(disk.table()));
  CHECK(disk.read().health == GptHealth::good);
  CHECK(disk.table().entry(2).label == "new");
}

TEST_CASE("a primary whose header is gone is put back even where its entries had moved")
{
  const DiskFile file(support::gpt_disk({}));
  GptDisk disk = open(file);
  RecordingSys sys;
  disk.commit(sys, renamed(disk.table()));
  auto content = file.content();
  std::fill_n(content.begin() + 512, 512, std::byte{0});
  file.set(content);
  GptDisk again = open(file);
  CHECK(again.repair(sys));
  CHECK(again.read().health == GptHealth::good);
  CHECK(again.table().entry(2).label == "new");
}

TEST_CASE("a primary is not put back over what may be a boot loader")
{
  auto content = support::gpt_disk({.first_usable = 34});
  for (std::size_t at = 512; at < 34 * 512; ++at)
    content[at] = static_cast<std::byte>(at * 7 + 3);
  const DiskFile file(content);
  GptDisk disk = open(file);
  RecordingSys sys;
  CHECK_THROWS_WITH_AS(disk.repair(sys), doctest::Contains("may be a boot loader"), base::Error);
  CHECK(sys.steps.empty());
}

TEST_CASE("where both copies are valid but differ, the primary wins")
{
  auto content = support::gpt_disk({});
  GptTable other = support::gpt_table({});
  other.entry(1).label = "stale";
  const auto entries = verity::encode_entries(other);
  std::copy(entries.begin(), entries.end(), content.end() - 33 * 512);
  support::fix_checksums(content, 512, 8191);
  const DiskFile file(content);
  GptDisk disk = open(file);
  CHECK(disk.read().health == GptHealth::differ);
  RecordingSys sys;
  CHECK(disk.repair(sys));
  CHECK(disk.read().backup.table->entry(1).label == "part-1");
  CHECK(disk.read().health == GptHealth::good);
}

TEST_CASE("a disk that grew is read but not written, and the refusal says what to do")
{
  auto content = support::gpt_disk({});
  content.resize(content.size() * 2);
  const DiskFile file(content);
  GptDisk disk = open(file);
  CHECK(disk.table().entry(1).label == "part-1");
  RecordingSys sys;
  CHECK_THROWS_WITH_AS(disk.commit(sys, renamed(disk.table())),
                       doctest::Contains("its last sector is 16383; if the disk grew, or the image "
                                         "was made for a smaller one, move it with \"sgdisk -e"),
                       base::Error);
  CHECK_THROWS_AS(disk.repair(sys), base::Error);
  CHECK(sys.steps.empty());
}

TEST_CASE("a hybrid MBR is read but not written")
{
  auto content = support::gpt_disk({});
  content[446 + 16 + 4] = std::byte{0x0c};
  const DiskFile file(content);
  GptDisk disk = open(file);
  CHECK(disk.read().health == GptHealth::good);
  RecordingSys sys;
  CHECK_THROWS_WITH_AS(
      disk.commit(sys, renamed(disk.table())), doctest::Contains("hybrid MBR"), base::Error);
  CHECK(sys.steps.empty());
}

TEST_CASE("a leftover GPT without a protective MBR is no table, as for the kernel")
{
  auto content = support::gpt_disk({});
  content[446 + 4] = std::byte{0x83};
  const DiskFile file(content);
  const GptDisk disk = open(file);
  CHECK(disk.read().health == GptHealth::none);
  CHECK_THROWS_WITH_AS(
      (void)disk.table(), doctest::Contains("no protective MBR in sector 0"), base::Error);
}

TEST_CASE("without any valid copy both reasons are told")
{
  auto content = support::gpt_disk({});
  spoil(content, 512);
  spoil(content, content.size() - 512 + 16);
  const DiskFile file(content);
  GptDisk disk = open(file);
  RecordingSys sys;
  CHECK_THROWS_WITH_AS(disk.repair(sys),
                       doctest::Contains("primary: there is no GPT signature; backup: its header's "
                                         "checksum is"),
                       base::Error);
}

TEST_CASE("what is no disk at all is refused")
{
  const DiskFile empty({});
  CHECK(open(empty).read().write_refusal == "the disk is too small for a partition table");
  CHECK_THROWS_WITH_AS(GptDisk(base::Dir::open_root("/").file("/dev/null"), "/dev/null"),
                       "/dev/null is neither a block device nor a disk image",
                       base::Error);
}
