// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "crash/setting.hpp"
#include "handoff/bless.hpp"
#include "handoff/unified_image_bytes.hpp"
#include "support/test_host.hpp"
#include "support/thrown.hpp"
#include "updater/history.hpp"
#include "updater/state.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/bless");

using base::Kind;
using handoff::Blessing;
using handoff_test::unified_image;
using support::kind_of;

namespace {

std::string image(const std::string &version)
{
  return unified_image(
      {{".osrel", "ID=os\nIMAGE_VERSION=" + version + "\n"}, {".linux", "kernel"}});
}

/// A machine that runs version 2, which is on trial.
class Machine {
public:
  Machine()
  {
    write("os_1.efi", image("1"));
    write("os_2+2-1.efi", image("2"));
    host_.root.write("etc/os-release", "ID=os\nIMAGE_VERSION=2\n");
  }

  void write(const std::string &file, const std::string &bytes)
  {
    host_.root.write("efi/EFI/Linux/" + file, bytes);
  }

  void remove(const std::string &file)
  {
    host_.sys.remove(host_.root.dir().dir("efi/EFI/Linux"), file, base::Remove::file);
  }

  handoff::Blessed bless(const std::string &id = "") { return give(id, Blessing::blessed); }

  handoff::Blessed unbless(const std::string &id = "") { return give(id, Blessing::unblessed); }

  std::string files()
  {
    std::string text;
    for (const base::DirEntry &each : host_.root.dir().dir("efi/EFI/Linux").entries())
      text += (text.empty() ? "" : " ") + each.name;
    return text;
  }

  base::Host &host() { return host_.host; }

private:
  handoff::Blessed give(const std::string &id, Blessing blessing)
  {
    return handoff::bless(host(), "", id, blessing);
  }

  support::TestHost host_;
};

} // namespace

TEST_CASE("what runs is blessed: its counters go")
{
  Machine machine;
  const handoff::Blessed done = machine.bless();
  CHECK(done.id == "os_2.efi");
  CHECK(done.version == "2");
  CHECK(done.file == "os_2.efi");
  CHECK(done.has_changed());
  CHECK(machine.files() == "os_1.efi os_2.efi");
  const auto events = updater::read_history(*updater::find_state(machine.host()));
  REQUIRE(events.size() == 1);
  CHECK(events[0].outcome == "blessed");
  CHECK(events[0].version == "2");

  CHECK_FALSE(machine.bless().has_changed());
  CHECK(updater::read_history(*updater::find_state(machine.host())).size() == 1);
}

TEST_CASE("what is bad has no try left, whether it was counted or not")
{
  Machine machine;
  CHECK(machine.unbless().file == "os_2+0-1.efi");
  CHECK(machine.files() == "os_1.efi os_2+0-1.efi");
  CHECK_FALSE(machine.unbless().has_changed());
  CHECK(machine.bless("os_2.efi").file == "os_2.efi");
  CHECK(machine.unbless("os_1.efi").file == "os_1+0-0.efi");
}

TEST_CASE("the last entry that can boot is not given up")
{
  Machine machine;
  machine.unbless("os_1.efi");
  CHECK(kind_of([&] { machine.unbless(); }) == Kind::usage);
  CHECK(machine.files() == "os_1+0-0.efi os_2+2-1.efi");
}

TEST_CASE("what cannot boot is not blessed")
{
  Machine machine;
  machine.write("os_3+3-0.efi", "");
  CHECK(kind_of([&] { machine.bless("os_3.efi"); }) == Kind::config);
}

TEST_CASE("an entry that there is not, and one that cannot be told, are not found")
{
  Machine machine;
  CHECK_THROWS_WITH_AS(machine.bless("os_9.efi"),
                       "there is no boot entry os_9.efi; there are: os_2.efi, os_1.efi",
                       base::Error);
  machine.remove("os_2+2-1.efi");
  CHECK(kind_of([&] { machine.bless(); }) == Kind::not_found);
}

TEST_CASE("a copy that a cut left is finished")
{
  Machine machine;
  machine.remove("os_1.efi");
  machine.write("os_2.efi", "");
  machine.write(".os_2.efi.new", "half");
  CHECK(machine.bless().has_changed());
  CHECK(machine.files() == "os_2.efi");
}

namespace {

/// Blesses on a machine whose ESP is vfat, with its power cut at every instant.
support::SweepResult sweep_bless(bool has_other)
{
  const std::string two = image("2");
  const support::TempRoot root(support::Storage::memory,
                               {{"etc/os-release", "ID=os\nIMAGE_VERSION=2\n"},
                                {"efi/EFI/Linux/os_2+2-1.efi", two},
                                {"var/lib/strake/", ""}});
  if (has_other)
    root.write("efi/EFI/Linux/os_1.efi", image("1"));
  const auto bless = [](base::Sys &sys, const base::Dir &dir) {
    support::TestHost other;
    const base::Host host{.sys = sys,
                          .programs = other.programs,
                          .fetcher = other.fetcher,
                          .clock = other.clock,
                          .log = [](base::Level, std::string_view) {},
                          .environment = {},
                          .root = dir.again(),
                          .machine = dir.again(),
                          .is_running_system = false};
    handoff::bless(host, "", "os_2.efi", Blessing::blessed);
  };
  support::Recorder recorder(root.dir(), {.vfat = {"efi"}});
  bless(recorder, root.dir());
  const auto boots = [&](const base::Dir &dir, support::Finished finished) -> std::string {
    const base::Dir entries = dir.dir("efi/EFI/Linux");
    const bool new_boots = entries.text("os_2.efi") == two;
    const bool old_boots = entries.text("os_2+2-1.efi") == two;
    if (finished == support::Finished::yes && !new_boots)
      return "it was said to be blessed, but is not";
    if (!new_boots && !old_boots && !entries.status("os_1.efi"))
      return "nothing boots";
    if (!new_boots && !old_boots)
      return ""; // the other one boots; an update brings this one anew
    base::LinuxSys sys;
    bless(sys, dir);
    return entries.text("os_2.efi") == two && !entries.status("os_2+2-1.efi")
               ? ""
               : "the next run does not finish it";
  };
  return support::sweep(recorder.recording(), boots, {});
}

} // namespace

TEST_CASE("bless can be cut at any moment, be there another entry or not")
{
  for (const bool has_other : {true, false}) {
    const auto result = sweep_bless(has_other);
    MESSAGE(result.summary());
    CHECK(result.violations == 0);
    CHECK(result.states > 5);
  }
}

TEST_SUITE_END();
