// SPDX-License-Identifier: Apache-2.0
// The power is cut at every instant of a commit or a repair, and what was not flushed survives in
// every combination of sectors. The question is always what Linux sees: it looks at the primary
// copy only (docs/adr/0002-gpt-shadow-commit.md).
#include "support/disk_file.hpp"
#include "support/gpt_image.hpp"
#include "verity/gpt_disk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

TEST_SUITE_BEGIN("verity/gpt_cut");

using support::DiskFile;
using support::GptShape;
using support::RecordingSys;
using verity::GptDisk;
using verity::GptHealth;
using verity::GptTable;
using verity::PrimaryCommit;

namespace {

using Content = std::vector<std::byte>;

struct Tally {
  std::size_t states = 0;
  std::size_t without_primary = 0;
  std::size_t repairs = 0;
};

enum class Seen { old_table, new_table, nothing, mixture };

Seen seen(const verity::GptReading &reading, const GptTable &before, const GptTable &after)
{
  if (!reading.table)
    return Seen::nothing;
  const auto labels = [](const GptTable &table) {
    std::string all;
    for (const verity::GptEntry &entry : table.entries)
      all += entry.label + "/" + entry.type.text() + ";";
    return all;
  };
  const std::string found = labels(*reading.table);
  if (found == labels(before))
    return Seen::old_table;
  return found == labels(after) ? Seen::new_table : Seen::mixture;
}

// Cuts a repair in turn, and asks that the next one ends it; gives the number of states.
std::size_t cut_repair(const Content &content, const GptTable &before, const GptTable &after)
{
  const DiskFile file(content);
  GptDisk disk(file.open(), "disk");
  const Seen wanted = seen({disk.table(), {}, {}}, before, after);
  RecordingSys sys;
  disk.repair(sys);
  std::size_t count = 0;
  for (const Content &state : support::cut_states(content, sys.steps, disk.sector_size())) {
    const DiskFile second(state);
    GptDisk again(second.open(), "disk");
    RecordingSys quiet;
    again.repair(quiet);
    const verity::GptState healed = again.read();
    CHECK(healed.health == GptHealth::good);
    CHECK(seen(healed.primary, before, after) == wanted);
    ++count;
  }
  return count;
}

Tally cut_commit(const Content &content, const GptTable &after, PrimaryCommit how)
{
  const DiskFile file(content);
  GptDisk disk(file.open(), "disk");
  const GptTable before = disk.table();
  RecordingSys sys;
  CHECK(disk.commit(sys, after, how).how == how);

  Tally tally;
  for (const Content &state : support::cut_states(content, sys.steps, disk.sector_size())) {
    const DiskFile cut(state);
    const verity::GptState found = GptDisk(cut.open(), "disk").read();
    const Seen primary = seen(found.primary, before, after);
    const Seen backup = seen(found.backup, before, after);
    CHECK(primary != Seen::mixture);
    CHECK(backup != Seen::mixture);
    CHECK((primary != Seen::nothing || backup != Seen::nothing));
    ++tally.states;
    if (primary == Seen::nothing)
      ++tally.without_primary;
    tally.repairs += cut_repair(state, before, after);
  }
  return tally;
}

// One label changes, or twelve that lie four to a sector in four sectors of entries.
GptShape shape_of(unsigned sector_size, std::vector<unsigned> used)
{
  return {.sector_size = sector_size,
          .sectors = sector_size == 512 ? 320U : 96U,
          .first_usable = 66,
          .used = std::move(used)};
}

GptTable relabelled(const GptShape &shape)
{
  GptTable table = support::gpt_table(shape);
  for (const unsigned number : shape.used) {
    table.entry(number).label = fmt::format("new-{}", number);
    table.entry(number).type = verity::pending_type(table.entry(number).type);
  }
  return table;
}

const std::vector<unsigned> one = {1};
const std::vector<unsigned> twelve = {1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15};

} // namespace

TEST_CASE("with the shadow order the kernel has a valid primary after every cut")
{
  const Tally small = cut_commit(
      support::gpt_disk(shape_of(512, one)), relabelled(shape_of(512, one)), PrimaryCommit::shadow);
  CHECK(small.states == 8);
  CHECK(small.without_primary == 0);
  const Tally large = cut_commit(support::gpt_disk(shape_of(512, twelve)),
                                 relabelled(shape_of(512, twelve)),
                                 PrimaryCommit::shadow);
  CHECK(large.states == 50);
  CHECK(large.without_primary == 0);
  MESSAGE("states cut in a repair: " << small.repairs + large.repairs);
}

TEST_CASE("the second commit, back to the first place, is as safe as the first")
{
  const GptShape shape = shape_of(512, twelve);
  const DiskFile file(support::gpt_disk(shape));
  GptDisk disk(file.open(), "disk");
  RecordingSys sys;
  disk.commit(sys, relabelled(shape));
  GptTable third = disk.table();
  for (const unsigned number : twelve)
    third.entry(number).label = "_empty";
  const Tally tally = cut_commit(file.content(), third, PrimaryCommit::shadow);
  CHECK(tally.states == 50);
  CHECK(tally.without_primary == 0);
}

TEST_CASE("on disks with sectors of 4096 bytes the shadow order is as safe")
{
  std::vector<unsigned> spread; // 32 entries lie in one sector
  for (unsigned number = 1; number <= 12; ++number)
    spread.push_back((number % 4) * 32 + number);
  GptShape shape = shape_of(4096, spread);
  shape.sectors = 256;
  const Tally tally =
      cut_commit(support::gpt_disk(shape), relabelled(shape), PrimaryCommit::shadow);
  CHECK(tally.states == 50);
  CHECK(tally.without_primary == 0);
}

TEST_CASE("the classic order always leaves one copy, but not always the one that Linux looks at")
{
  const Tally small = cut_commit(support::gpt_disk(shape_of(512, one)),
                                 relabelled(shape_of(512, one)),
                                 PrimaryCommit::in_place);
  CHECK(small.states == 8);
  CHECK(small.without_primary == 2);
  const Tally large = cut_commit(support::gpt_disk(shape_of(512, twelve)),
                                 relabelled(shape_of(512, twelve)),
                                 PrimaryCommit::in_place);
  CHECK(large.states == 50);
  CHECK(large.without_primary == 16);
}
