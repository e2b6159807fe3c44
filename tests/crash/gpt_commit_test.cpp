// SPDX-License-Identifier: Apache-2.0
// Which syncs of a table commit are needed for what. That no cut hurts is swept in
// tests/verity/gpt_cut_test.cpp; here the same commit is broken on purpose.
#include "base/error.hpp"
#include "crash/setting.hpp"
#include "support/gpt_image.hpp"
#include "verity/gpt_disk.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/gpt_commit");

using base::Dir;
using base::Sys;
using support::Finished;
using support::Recording;
using support::Sectors;
using verity::GptDisk;
using verity::GptHealth;
using verity::GptState;

namespace {

GptDisk open(const Dir &root)
{
  return {base::LinuxSys().open_writable(root, "disk"), "the disk"};
}

// Entries 1 and 6 lie in different sectors, so that the array can be cut in the middle.
Recording committing()
{
  const auto image = support::gpt_disk({.sectors = 192, .first_usable = 66, .used = {1, 6}});
  const std::string bytes(reinterpret_cast<const char *>(image.data()), image.size());
  return crash::record({{"disk", bytes}}, [](Sys &sys, const Dir &root) {
    GptDisk disk = open(root);
    verity::GptTable table = disk.table();
    table.entry(1).label = table.entry(6).label = "new";
    disk.commit(sys, table);
  });
}

std::string labels(const verity::GptTable &table)
{
  return table.entry(1).label + " " + table.entry(6).label;
}

std::string judge(const Dir &root, Finished finished)
{
  GptDisk disk = open(root);
  const GptState state = disk.read();
  if (!state.table())
    return "no copy is valid";
  const std::string found = labels(*state.table());
  if (found != "new new" && (found != "part-1 part-6" || finished == Finished::yes))
    return "the labels are " + found;
  if (finished == Finished::yes && state.health != GptHealth::good)
    return "the copies differ at the end";
  base::LinuxSys sys;
  disk.repair(sys);
  const GptState after = disk.read();
  return after.health == GptHealth::good && labels(*after.table()) == found ? "" : "not repaired";
}

std::string kernel_sees_a_table(const Dir &root, Finished finished)
{
  if (!open(root).read().primary.table)
    return "the kernel sees no partitions";
  return judge(root, finished);
}

} // namespace

TEST_CASE("a cut leaves the kernel a whole old or new table, as long as sectors are whole")
{
  const auto result = support::sweep(committing(), kernel_sees_a_table, {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 10);
}

TEST_CASE("even where a drive spoils the sector it was writing, one copy is valid")
{
  const auto result = support::sweep(committing(), judge, {.sectors = Sectors::torn});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("the syncs of a commit are needed")
{
  const auto whole = support::drop_each_sync(committing(), {kernel_sees_a_table}, {});
  const auto torn = support::drop_each_sync(committing(), {judge}, {.sectors = Sectors::torn});
  REQUIRE(whole.size() == 3);
  CHECK(whole[0].is_noticed); // or the header could point to entries that are not there
  CHECK(torn[1].is_noticed);  // or both copies could be spoiled at once
  CHECK(whole[2].is_noticed); // or the end would be reported too early
}

TEST_CASE("the steps of a commit are needed in their order")
{
  Recording recording = committing();
  REQUIRE(recording.effects.size() == 7);
  std::swap(recording.effects[0], recording.effects[2]); // header before entries
  CHECK(support::sweep(recording, kernel_sees_a_table, {}).violations > 0);
}
