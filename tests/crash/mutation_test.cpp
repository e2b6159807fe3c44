// SPDX-License-Identifier: Apache-2.0
// The sweep sees mistakes: each sync of an update is left out in turn, and neighbours are swapped.
// What it does not see is listed here with the reason; docs/crash-safety.md says the same in words.
#include "crash/promise.hpp"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("crash/mutation");

using crash::Machine;
using crash::Promise;
using support::Mutation;

namespace {

const support::SweepOptions some{.exhaustive = 16, .random = 8};
const Promise from_2_to_3{.kept = "2", .newest = "3", .next = "3", .gone = "1", .event = "update"};

std::vector<support::Oracle> oracles()
{
  return {crash::keeps_now(from_2_to_3), crash::keeps(from_2_to_3)};
}

support::Recording recorded()
{
  return crash::updating({"1", "2"}, "3", {.trees = crash::Trees::no});
}

/// Syncs of an update whose loss this one sweep does not show, and why they are there.
struct Known {
  const char *sync;
  std::size_t times;
  const char *why;
};

constexpr Known known[] = {
    {"sync efi/EFI/Linux/uki_1+3-0.efi", 1, "settles what a killed run left"},
    {"sync efi/EFI/Linux/uki_2+3-0.efi", 1, "settles what a killed run left"},
    {"sync efi/EFI/Linux/", 5, "settles what a killed run left; and clusters, see below"},
    {"sync efi/EFI/Linux/.sysupdate.partial.uki_3+3-0.efi", 1, "clusters, see below"},
    {"sync files/", 2, "the same; and a later sync of the directory, if something is removed"},
    {"sync disk", 7, "the same; payloads, for reading back; tables, where sectors are spoiled"},
    {"sync var/lib/strake/.attempt.json.new", 1, "advice; only CurrentSymlink= needs it"},
    {"sync var/lib/strake/", 4, "advice; and a later sync of the directory covers them"},
};

std::size_t find(const support::Recording &recording, const std::string &text, std::size_t from = 0)
{
  for (std::size_t index = from; index < recording.effects.size(); ++index)
    if (recording.effects[index].text.starts_with(text))
      return index;
  FAIL("there is no \"" << text << "\"");
  return 0;
}

/// Puts the effects from `first` up to `last` before `place`, or behind it if it comes later.
bool is_noticed_when_moved(std::size_t first, std::size_t last, std::size_t place)
{
  support::Recording moved = recorded();
  const auto at = [&](std::size_t index) {
    return moved.effects.begin() + static_cast<std::ptrdiff_t>(index);
  };
  if (place < first)
    std::rotate(at(place), at(first), at(last));
  else
    std::rotate(at(first), at(last), at(place));
  return support::sweep(moved, oracles().front(), some).violations > 0;
}

} // namespace

TEST_CASE("leaving out a sync of an update is noticed, but for those that others cover")
{
  const auto mutations = support::drop_each_sync(recorded(), oracles(), some);
  std::map<std::string, std::size_t> silent;
  for (const std::string &line : support::unnoticed(mutations))
    ++silent[line.substr(line.find(": ") + 2)];
  std::map<std::string, std::size_t> expected;
  for (const Known &each : known) {
    expected[each.sync] = each.times;
    MESSAGE(fmt::format("{}, {} times: {}", each.sync, each.times, each.why));
  }
  MESSAGE(mutations.size() << " syncs left out, one at a time");
  CHECK(fmt::format("{}", fmt::join(silent, "\n")) == fmt::format("{}", fmt::join(expected, "\n")));
}

TEST_CASE("swapping two steps of an update is noticed")
{
  const support::Recording run = recorded();
  const std::size_t removal = find(run, "remove efi/EFI/Linux/uki_1");
  const std::size_t opening = find(run, "write disk", removal);
  const std::size_t payload = find(run, "write disk 33792");
  const std::size_t publishing =
      find(run, "write disk", find(run, "create var/lib/strake/.contents"));
  const std::size_t boot = find(run, "rename efi/EFI/Linux/");
  const std::size_t end = find(run, "remove var/lib/strake/attempt.json");
  CHECK(is_noticed_when_moved(removal, removal + 2, publishing)); // the old entry outlives its slot
  CHECK(is_noticed_when_moved(boot, end, publishing));            // the entry before the table
  CHECK(is_noticed_when_moved(boot, end, payload));               // the entry before the payload
  CHECK(is_noticed_when_moved(boot, end, opening));               // the entry first of all
}

// The model cannot show this one: vfat writes where a file lies when the file is synced, and until
// then the new name leads to nothing. Were the old one still there, both would share their
// clusters.
TEST_CASE("the old name of a boot file is gone before the new one leads anywhere")
{
  const support::Recording run = recorded();
  const std::size_t rename = find(run, "rename efi/EFI/Linux/.sysupdate.partial.uki_3");
  CHECK(run.effects.at(rename + 1).text == "sync efi/EFI/Linux/");
  CHECK(run.effects.at(rename + 2).text == "sync efi/EFI/Linux/uki_3+3-0.efi");
}

// Nor this: there are no clusters in it. On a real vfat tests/guest/power_cut shows it.
TEST_CASE("on a boot partition clusters come before what leads to them, and go after it")
{
  const support::Recording run = recorded();
  const std::size_t made = find(run, "create efi/EFI/Linux/.sysupdate.partial.uki_3");
  const std::size_t filled = find(run, "sync efi/EFI/Linux/.sysupdate.partial.uki_3", made);
  CHECK(run.effects.at(filled - 1).text == "sync efi/EFI/Linux/");

  const std::size_t removal = find(run, "remove efi/EFI/Linux/uki_1");
  CHECK(run.effects.at(removal + 1).text == "sync efi/EFI/Linux/");
  CHECK(run.effects.at(removal + 2).text == "sync efi/EFI/Linux/");
}

TEST_CASE("a removal that a killed run left unsynced is settled before its slot is written")
{
  const Machine machine({.trees = crash::Trees::no});
  machine.install({"1", "2"});
  machine.offer("3");
  const std::size_t removal = find(recorded(), "remove efi/EFI/Linux/uki_1");
  support::Recording both = machine.record_killed(removal + 1, crash::update, crash::update);
  const auto sweep = [&] { return support::sweep(both, oracles().front(), some).violations; };
  CHECK(sweep() == 0);
  const std::size_t settled = find(both, "sync efi/EFI/Linux/", removal);
  const std::size_t opening = find(both, "write disk", removal);
  REQUIRE(settled < opening);
  std::size_t index = 0;
  std::erase_if(both.effects, [&](const support::Effect &effect) {
    const bool is_between = index > removal && index < opening;
    ++index;
    return is_between && effect.text == "sync efi/EFI/Linux/";
  });
  CHECK(sweep() > 0);
}
