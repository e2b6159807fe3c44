// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_place.hpp"
#include "support/test_host.hpp"
#include "support/thrown.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/reset_place");

using handoff::mounted_out_of_sight;
using handoff::written_below;

TEST_CASE("of overlays on a place it is decided where what was written lies")
{
  using Mounts = std::vector<overlay::MountLine>;
  const auto mount =
      [](const std::string &type, const std::string &source, const std::string &upper) {
        overlay::MountLine line;
        line.type = type;
        line.source = source;
        line.upper = upper;
        line.work = upper.empty() ? "" : "/sysroot/work";
        return line;
      };
  const auto overlay = [&](const std::string &source, const std::string &upper) {
    return mount("overlay", source, upper);
  };
  CHECK(written_below({}, "/etc") == handoff::WrittenBelow{});
  CHECK(written_below(Mounts{mount("ext4", "/dev/x", "")}, "/etc") == handoff::WrittenBelow{});
  CHECK(written_below({overlay("overlay", "/sysroot/etc")}, "/etc") ==
        handoff::WrittenBelow{1, "", "/work"});
  CHECK(written_below({overlay("overlay", "/var/up/etc")}, "/etc") ==
        handoff::WrittenBelow{1, "/var/up/etc", "/work"});
  CHECK(written_below({overlay("overlay", "/var/up"), overlay("confext", "/elsewhere")}, "/etc") ==
        handoff::WrittenBelow{2, "/var/up", "/work"});
  CHECK(written_below({overlay("confext", "")}, "/etc") == handoff::WrittenBelow{1});
}

TEST_CASE("what no copy of the mounts has is told where it lies on a place, below it or above it")
{
  const auto table =
      overlay::parse_mount_table("22 1 254:1 / / rw - ext4 /dev/root rw\n"
                                 "23 22 254:2 / /var/home rw unbindable - ext4 /dev/home rw\n"
                                 "24 22 254:3 / /varied rw unbindable - ext4 /dev/varied rw\n"
                                 "25 22 254:4 / /etc rw shared:1 - ext4 /dev/etc rw\n");
  for (const char *place : {"/var", "/var/home", "/var/home/ann"})
    CHECK(mounted_out_of_sight(table, place) == "/var/home");
  for (const char *place : {"/etc", "/var/ho", "/var/homes", "/vari", "/home"})
    CHECK(mounted_out_of_sight(table, place) == std::nullopt);
}

TEST_CASE("a place is refused that a unit would not see as the machine has it")
{
  support::TestHost test;
  test.host.is_running_system = true;
  test.root.write("var/home/ann/notes", "mine");
  test.root.write("home", "-> var/home");
  test.root.write("etc/hostname", "one");
  const std::string mounts = "22 1 254:1 / / rw shared:1 - ext4 /dev/root rw\n";
  test.root.write("proc/self/mountinfo", mounts);
  CHECK(handoff::open_places(test.host, {"/home", "/etc"}).size() == 2);
  test.root.write("proc/1/mountinfo",
                  mounts + "23 22 254:2 / /var/home rw unbindable - ext4 /dev/home rw\n");
  CHECK(handoff::open_places(test.host, {"/etc"}).size() == 1);
  CHECK(support::kind_of([&] { (void)handoff::open_places(test.host, {"/etc", "/home"}); }) ==
        base::Kind::config);
  test.host.is_running_system = false;
  CHECK(handoff::open_places(test.host, {"/home"}).size() == 1);
}
