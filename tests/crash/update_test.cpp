// SPDX-License-Identifier: Apache-2.0
// The most important test: the power goes before any effect of a whole verb, in every legal order
// of what was not synced; then the old or the new version boots whole, and the next plain update
// ends well.
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "crash/machine.hpp"
#include "updater/gpt_disk.hpp"
#include "updater/repair.hpp"
#include "updater/rollback.hpp"
#include "updater/update.hpp"
#include "updater/vacuum.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/update");

using base::Dir;
using base::Host;
using crash::Boot;
using crash::Bootable;
using crash::Machine;
using support::Finished;
using support::Recording;
using support::SweepOptions;
using support::SweepResult;

namespace {

void update(const Host &host)
{
  updater::update(host, {});
}

void acquire(const Host &host)
{
  updater::UpdateOptions options;
  options.goal = updater::Goal::acquire;
  updater::update(host, options);
}

void install_offline(const Host &host)
{
  updater::UpdateOptions options;
  options.scope.offline = updater::Offline::yes;
  updater::update(host, options);
}

/// What must hold at every instant, and after the next run.
struct Promise {
  std::string kept;   ///< boots whole at every instant
  std::string newest; ///< boots whole once the verb has returned, and after the next run
};

std::string check_instant(const Dir &root, const Promise &promise, Boot boot = Boot::plain)
{
  const Bootable found = crash::look(root, boot);
  if (!found.garbage.empty())
    return found.garbage.front();
  if (!promise.kept.empty() && !found.whole.contains(promise.kept))
    return promise.kept + " does not boot any more";
  if (!found.newest.empty() && !found.whole.contains(found.newest))
    return "the newest entry does not boot";
  return "";
}

std::string check_end(const Dir &root, const std::string &version)
{
  const Bootable found = crash::look(root);
  if (!found.garbage.empty())
    return found.garbage.front();
  if (found.newest != version || !found.whole.contains(version))
    return version + " is not what boots";
  return crash::missing_plain(root, version);
}

std::string check_next_run(const Dir &root, const std::string &version)
{
  base::LinuxSys sys;
  crash::run_on(root, sys, update);
  const std::string wrong = check_end(root, version);
  if (!wrong.empty())
    return "after the next update: " + wrong;
  updater::Inventory inventory;
  crash::run_on(
      root, sys, [&](const Host &host) { inventory = updater::take_inventory(host, {}); });
  const updater::Catalog catalog = updater::assess(inventory.holdings, updater::Offline::yes);
  return catalog.find(version)->is_whole() ? "" : "after the next update there is still work to do";
}

support::Oracle keeps(const Promise &promise)
{
  return [promise](const Dir &root, Finished finished) {
    std::string wrong = check_instant(root, promise);
    if (wrong.empty() && finished == Finished::yes && !promise.newest.empty())
      wrong = check_end(root, promise.newest);
    return wrong.empty() ? check_next_run(root, promise.newest) : wrong;
  };
}

/// The same without the next run, for mutations by the hundred.
support::Oracle keeps_now(const Promise &promise)
{
  return [promise](const Dir &root, Finished finished) {
    const std::string wrong = check_instant(root, promise);
    return wrong.empty() && finished == Finished::yes ? check_end(root, promise.newest) : wrong;
  };
}

/// A drive may spoil the sector it was writing, the header of the primary table too: then the
/// backup must do, and the next run must put the primary back.
support::Oracle survives_a_torn_sector(const Promise &promise)
{
  return [promise](const Dir &root, Finished finished) {
    std::string wrong = check_instant(root, promise, Boot::with_backup_table);
    if (wrong.empty() && finished == Finished::yes)
      wrong = check_end(root, promise.newest);
    return wrong.empty() ? check_next_run(root, promise.newest) : wrong;
  };
}

Recording updating(const std::vector<std::string> &installed,
                   const std::string &next,
                   Machine::Trees trees = Machine::Trees::yes)
{
  const Machine machine(trees);
  for (const std::string &version : installed) {
    machine.offer(version);
    machine.run(update);
  }
  machine.offer(next);
  return machine.record(update);
}

void expect_clean(const SweepResult &result, std::size_t least)
{
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= least);
}

} // namespace

TEST_CASE("an update into free slots can be cut at any moment")
{
  expect_clean(support::sweep(updating({"1"}, "2"), keeps({"1", "2"}), {}), 1900);
}

TEST_CASE("an update that takes the oldest version's slots can be cut at any moment")
{
  expect_clean(support::sweep(updating({"1", "2"}, "3"), keeps({"2", "3"}), {}), 900);
}

TEST_CASE("what a torn sector leaves is never booted, and the next run heals it")
{
  expect_clean(
      support::sweep(updating({"1", "2"}, "3"),
                     survives_a_torn_sector({"2", "3"}),
                     {.exhaustive = 4096, .random = 1024, .sectors = support::Sectors::torn}),
      2000);
}

TEST_CASE("acquiring, and installing what was acquired, can be cut at any moment")
{
  const Machine machine;
  for (const char *version : {"1", "2"}) {
    machine.offer(version);
    machine.run(update);
  }
  machine.offer("3");
  const Recording acquiring = machine.record(acquire);
  const auto after_acquire = [](const Dir &root, Finished) {
    const std::string wrong = check_instant(root, {"2", ""});
    return wrong.empty() ? check_next_run(root, "3") : wrong;
  };
  expect_clean(support::sweep(acquiring, after_acquire, {}), 900);
  expect_clean(support::sweep(machine.record(install_offline), keeps({"2", "3"}), {}), 110);
}

TEST_CASE("a vacuum can be cut at any moment")
{
  const Machine machine;
  for (const char *version : {"1", "2"}) {
    machine.offer(version);
    machine.run(update);
  }
  const Recording vacuuming =
      machine.record([](const Host &host) { updater::vacuum(host, {}, std::uint64_t{1}); });
  expect_clean(support::sweep(vacuuming, keeps({"2", "2"}), {}), 50);
}

TEST_CASE("a rollback can be cut at any moment, and the next run ends it")
{
  const Machine machine;
  for (const char *version : {"1", "2"}) {
    machine.offer(version);
    machine.run(update);
  }
  const Recording rolling_back =
      machine.record([](const Host &host) { updater::rollback(host, {}, "1"); });
  const auto oracle = [](const Dir &root, Finished finished) -> std::string {
    const std::string wrong = check_instant(root, {"1", ""});
    if (!wrong.empty())
      return wrong;
    if (finished == Finished::yes && crash::look(root).newest != "1")
      return "it is not rolled back";
    // Whether the decision was on the disk yet or not: either stays as it is, for good.
    base::LinuxSys sys;
    crash::run_on(root, sys, update);
    const Bootable found = crash::look(root);
    if (finished == Finished::yes && found.newest != "1")
      return "an update took the rollback back";
    return found.whole.contains(found.newest) ? "" : "nothing whole boots after the next update";
  };
  expect_clean(support::sweep(rolling_back, oracle, {}), 75);
}

TEST_CASE("a repair can be cut at any moment")
{
  const Machine machine;
  for (const char *version : {"1", "2"}) {
    machine.offer(version);
    machine.run(update);
  }
  { // damage in version 1's root slot, and a backup table that was never finished
    base::LinuxSys sys;
    const base::Fd disk = sys.open_writable(machine.root(), "disk");
    const std::string damage(100, 'x');
    const updater::GptTable table = updater::GptDisk(machine.root().file("disk"), "disk").table();
    sys.write_at(disk, table.offset_of(table.entry(1)), std::as_bytes(std::span(damage)));
    sys.write_at(disk, 191 * 512, std::as_bytes(std::span(damage)));
  }
  const Recording repairing =
      machine.record([](const Host &host) { updater::repair(host, {}, updater::Demote::yes); });
  const auto oracle = [](const Dir &root, Finished finished) -> std::string {
    const Bootable found = crash::look(root);
    if (!found.whole.contains("2") || found.newest != "2")
      return "2 does not boot any more";
    if (finished == Finished::yes && !found.garbage.empty())
      return found.garbage.front();
    base::LinuxSys sys;
    crash::run_on(
        root, sys, [](const Host &host) { updater::repair(host, {}, updater::Demote::yes); });
    const Bootable after = crash::look(root);
    return after.garbage.empty() && after.whole.contains("2") ? ""
                                                              : "the next repair does not heal";
  };
  expect_clean(support::sweep(repairing, oracle, {}), 28);
}

TEST_CASE("the next run after a cut can be cut as well")
{
  const SweepResult result = support::sweep_recovery(
      updating({"1", "2"}, "3"),
      400,
      [](base::Sys &sys, const Dir &root) { crash::run_on(root, sys, update); },
      crash::layout(),
      keeps({"2", "3"}),
      {.exhaustive = 8, .random = 4});
  expect_clean(result, 140);
}

TEST_CASE("each sync of an update that is left out shows, or is known not to matter")
{
  const auto mutations = support::drop_each_sync(updating({"1", "2"}, "3", Machine::Trees::no),
                                                 keeps_now({"2", "3"}),
                                                 {.exhaustive = 64, .random = 32});
  const auto silent = support::unnoticed(mutations);
  for (const std::string &line : silent)
    MESSAGE(line);
  CHECK(mutations.size() > silent.size());
}
