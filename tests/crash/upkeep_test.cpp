// SPDX-License-Identifier: Apache-2.0
// The verbs that bring nothing new, cut at any moment.
#include "base/linux_sys.hpp"
#include "crash/promise.hpp"
#include "updater/rollback.hpp"
#include "updater/vacuum.hpp"
#include "verity/gpt_disk.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/upkeep");

using base::Dir;
using base::Host;
using crash::Bootable;
using crash::expect_clean;
using crash::keeps;
using crash::Machine;
using support::Finished;
namespace least = crash::least;

namespace {

void vacuum_to_one(const Host &host)
{
  updater::vacuum(host, {}, std::uint64_t{1});
}

void roll_back(const Host &host)
{
  updater::rollback(host, {}, "1");
}

/// Damage in version 1's root slot, and a backup table that was never finished.
void damage(const Machine &machine)
{
  base::LinuxSys sys;
  const base::Fd disk = sys.open_writable(machine.root(), "disk");
  const std::string bytes(100, 'x');
  const verity::GptTable table = verity::GptDisk(machine.root().file("disk"), "disk").table();
  sys.write_at(disk, table.offset_of(table.entry(1)), std::as_bytes(std::span(bytes)));
  sys.write_at(disk, 191 * 512, std::as_bytes(std::span(bytes)));
}

std::string repairs(const Dir &root, Finished finished)
{
  const Bootable found = crash::look(root);
  if (!found.whole.contains("2") || found.newest != "2")
    return "2 does not boot any more";
  if (finished == Finished::yes && !found.garbage.empty())
    return found.garbage.front();
  if (finished == Finished::yes && !crash::table_is_settled(root))
    return "the table is not repaired";
  base::LinuxSys sys;
  crash::run_on(root, sys, crash::repair);
  const Bootable after = crash::look(root);
  return after.garbage.empty() && after.whole.contains("2") && crash::table_is_settled(root)
             ? ""
             : "the next repair does not heal";
}

/// Whether the decision was on the disk yet or not: either stays as it is, for good.
std::string rolls_back(const Dir &root, Finished finished)
{
  const std::string wrong = crash::check_instant(root, {.kept = "1", .newest = "", .next = ""});
  if (!wrong.empty())
    return wrong;
  if (finished == Finished::yes && crash::look(root).newest != "1")
    return "it is not rolled back";
  base::LinuxSys sys;
  crash::run_on(root, sys, crash::update);
  const Bootable found = crash::look(root);
  if (finished == Finished::yes && found.newest != "1")
    return "an update took the rollback back";
  return found.whole.contains(found.newest) ? "" : "nothing whole boots after the next update";
}

} // namespace

TEST_CASE("a vacuum can be cut at any moment")
{
  const Machine machine;
  machine.install({"1", "2"});
  expect_clean(support::sweep(
                   machine.record(vacuum_to_one),
                   keeps({.kept = "2", .newest = "2", .next = "2", .gone = "1", .event = "vacuum"}),
                   {}),
               least::vacuum);
}

TEST_CASE("a vacuum of what was only acquired can be cut at any moment")
{
  const Machine machine;
  machine.install({"1", "2"});
  machine.offer("3");
  machine.run(crash::acquire);
  expect_clean(support::sweep(machine.record(vacuum_to_one),
                              keeps({.kept = "2", .newest = "2", .next = "3", .event = "vacuum"}),
                              {}),
               least::vacuum_pending);
}

TEST_CASE("a rollback can be cut at any moment, and the next run ends it")
{
  const Machine machine;
  machine.install({"1", "2"});
  expect_clean(support::sweep(machine.record(roll_back), rolls_back, {}), least::rollback);
}

TEST_CASE("an update after a rollback can be cut at any moment")
{
  const Machine machine;
  machine.install({"1", "2"});
  machine.run(roll_back);
  machine.offer("3");
  expect_clean(support::sweep(machine.record(crash::update),
                              keeps({.kept = "1", .newest = "3", .next = "3", .event = "update"}),
                              {}),
               least::update_after_rollback);
}

TEST_CASE("a repair can be cut at any moment, and the next one as well")
{
  const Machine machine;
  machine.install({"1", "2"});
  damage(machine);
  const auto repairing = machine.record(crash::repair);
  expect_clean(support::sweep(repairing, repairs, {}), least::repair);
  const auto again = support::sweep_recovery(
      repairing,
      1,
      [](base::Sys &sys, const Dir &root) { crash::run_on(root, sys, crash::repair); },
      crash::layout(),
      repairs,
      {});
  expect_clean(again, least::repair_again);
}
