// SPDX-License-Identifier: Apache-2.0
#include "handoff/reboot_mark.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <algorithm>

TEST_SUITE_BEGIN("handoff/reboot_mark");

using handoff::mark_reboot;
using handoff::Transition;
using Strings = std::vector<std::string>;

namespace {

/// The names in /run, sorted.
Strings marks(const support::TestHost &machine)
{
  Strings names;
  for (const base::DirEntry &entry : machine.root.dir().dir("run").entries())
    names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  return names;
}

} // namespace

TEST_CASE("what waits is marked, and a soft-reboot that is enough as well")
{
  const support::TestHost machine;
  machine.root.write("run/", "");
  mark_reboot(machine.host, Transition::reboot, "2");
  CHECK(marks(machine) == Strings{"reboot-required", "reboot-required.pkgs"});
  CHECK(machine.root.read("run/reboot-required") == "*** strake: 2 waits for a reboot ***\n");
  CHECK(machine.root.read("run/reboot-required.pkgs") == "strake\n");
  mark_reboot(machine.host, Transition::soft_reboot, "3");
  CHECK(marks(machine) ==
        Strings{"reboot-required", "reboot-required.pkgs", "soft-reboot-required"});
  CHECK(machine.root.read("run/reboot-required") == "*** strake: 3 waits for a reboot ***\n");
  CHECK(machine.root.read("run/soft-reboot-required") == "3\n");
  mark_reboot(machine.host, Transition::reboot, "4");
  CHECK(marks(machine) == Strings{"reboot-required", "reboot-required.pkgs"});
  mark_reboot(machine.host, Transition::none, "4");
  CHECK(marks(machine).empty());
}

TEST_CASE("a mark of somebody else stays as it is")
{
  const support::TestHost machine;
  machine.root.write("run/reboot-required", "*** System restart required ***\n");
  machine.root.write("run/reboot-required.pkgs", "linux-image-amd64\n");
  for (const Transition each : {Transition::soft_reboot, Transition::none}) {
    mark_reboot(machine.host, each, "2");
    CHECK(machine.root.read("run/reboot-required") == "*** System restart required ***\n");
    CHECK(machine.root.read("run/reboot-required.pkgs") == "linux-image-amd64\n");
  }
  CHECK(marks(machine) == Strings{"reboot-required", "reboot-required.pkgs"});
}

TEST_CASE("a machine without /run is no failure")
{
  const support::TestHost machine;
  mark_reboot(machine.host, Transition::reboot, "2");
  CHECK_FALSE(machine.root.dir().status("run"));
}
