// SPDX-License-Identifier: Apache-2.0
#include "crash/promise.hpp"

#include "base/linux_sys.hpp"
#include "updater/history.hpp"
#include "updater/repair.hpp"
#include "updater/update.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace crash {

namespace {

using base::Dir;
using base::Host;
using support::Finished;

/// `repair` knows every part of the version, and finds it whole.
std::string check_contents(const Dir &root, const std::string &version)
{
  base::LinuxSys sys;
  std::vector<updater::Finding> findings;
  run_on(root, sys, [&](const Host &host) {
    findings = updater::repair(host, {}, updater::Demote::no);
  });
  for (const updater::Finding &finding : findings)
    if (finding.version == version && finding.transfer != "30-tree" &&
        finding.state != updater::Finding::State::whole)
      return finding.path + " is not known to be whole";
  return "";
}

std::string check_event(const Dir &root, const Promise &promise)
{
  const auto state = root.find_dir("var/lib/strake");
  const auto events = state ? updater::read_history(*state) : std::vector<updater::Event>{};
  const bool is_said = !events.empty() && events.back().action == promise.event &&
                       (promise.event != "update" || promise.newest.empty() ||
                        events.back().version == promise.newest);
  return is_said ? "" : "the history does not say it";
}

std::string check_version(const Dir &root, const std::string &version)
{
  const Bootable found = look(root);
  if (!found.garbage.empty())
    return found.garbage.front();
  if (found.newest != version || !found.whole.contains(version))
    return version + " is not what boots";
  if (!table_is_settled(root))
    return "the copies of the partition table differ";
  return missing_plain(root, version);
}

/// Of older versions partial trees may be left, which the next real update or vacuum removes. On
/// vfat what is in effect may have its partial name too; docs/crash-safety.md says when.
std::string check_leftovers(const Dir &root, const std::string &version)
{
  for (const std::string &name : {"files/.sysupdate.partial.file-" + version,
                                  "trees/.sysupdate.partial.tree-" + version,
                                  std::string("trees/.current.new")})
    if (root.status(name))
      return name + " is left over";
  return "";
}

/// The first of two checks that finds something wrong.
template <typename Second> std::string or_else(const std::string &wrong, Second &&second)
{
  return wrong.empty() ? second() : wrong;
}

} // namespace

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

void repair(const Host &host)
{
  updater::repair(host, {}, updater::Demote::yes);
}

std::string check_instant(const Dir &root, const Promise &promise, Boot boot)
{
  const Bootable found = look(root, boot);
  if (!found.garbage.empty())
    return found.garbage.front();
  if (!promise.kept.empty() && !found.whole.contains(promise.kept))
    return promise.kept + " does not boot any more";
  if (!found.newest.empty() && !found.whole.contains(found.newest))
    return "the newest entry does not boot";
  return "";
}

std::string check_returned(const Dir &root, const Promise &promise)
{
  std::string wrong;
  if (!promise.newest.empty())
    wrong = or_else(check_version(root, promise.newest),
                    [&] { return check_contents(root, promise.newest); });
  if (wrong.empty() && !promise.gone.empty())
    wrong = left_of(root, promise.gone);
  if (wrong.empty() && !promise.event.empty())
    wrong = check_event(root, promise);
  return wrong;
}

std::string check_next_run(const Dir &root, const Promise &promise)
{
  base::LinuxSys sys;
  const std::string boot = "the next boot\n";
  sys.write_at(
      sys.open_writable(root, "proc/sys/kernel/random/boot_id"), 0, std::as_bytes(std::span(boot)));
  run_on(root, sys, update);
  const std::string wrong = or_else(check_version(root, promise.next),
                                    [&] { return check_leftovers(root, promise.next); });
  if (!wrong.empty())
    return "after the next update: " + wrong;
  updater::Inventory inventory;
  run_on(root, sys, [&](const Host &host) { inventory = updater::take_inventory(host, {}); });
  const updater::Catalog catalog = updater::assess(inventory.holdings, updater::Offline::yes);
  return catalog.find(promise.next)->is_whole() ? ""
                                                : "after the next update there is still work to do";
}

support::Oracle keeps_now(const Promise &promise)
{
  return [promise](const Dir &root, Finished finished) {
    const std::string wrong = check_instant(root, promise);
    return wrong.empty() && finished == Finished::yes ? check_returned(root, promise) : wrong;
  };
}

support::Oracle keeps(const Promise &promise)
{
  return [promise, now = keeps_now(promise)](const Dir &root, Finished finished) {
    return or_else(now(root, finished), [&] { return check_next_run(root, promise); });
  };
}

support::Oracle survives_a_torn_sector(const Promise &promise)
{
  return [promise](const Dir &root, Finished finished) {
    std::string wrong = check_instant(root, promise, Boot::with_backup_table);
    if (wrong.empty() && finished == Finished::yes)
      wrong = check_returned(root, promise);
    return or_else(wrong, [&] { return check_next_run(root, promise); });
  };
}

support::Recording
updating(const std::vector<std::string> &installed, const std::string &next, const Shape &shape)
{
  const Machine machine(shape);
  machine.install(installed);
  machine.offer(next);
  return machine.record(update);
}

void expect_clean(const support::SweepResult &result, std::size_t least)
{
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= least);
}

} // namespace crash
