// SPDX-License-Identifier: Apache-2.0
#include "handoff/hook.hpp"
#include "support/test_host.hpp"
#include "updater/history.hpp"

#include <doctest/doctest.h>

#include <filesystem>

TEST_SUITE_BEGIN("handoff/hook");

using handoff::HookPoint;
using Strings = std::vector<std::string>;

namespace {

void put_hook(const support::TestHost &machine, const std::string &path, const std::string &text)
{
  machine.root.write(path, "#!/bin/sh\n" + text + "\n");
  std::filesystem::permissions(machine.root.path() + "/" + path, std::filesystem::perms::owner_all);
}

std::size_t vetoes(const support::TestHost &machine)
{
  return updater::read_history(machine.root.dir().dir("var/lib/strake")).size();
}

} // namespace

TEST_CASE("programs of all places are run by their names, and the first of one name counts")
{
  const support::TestHost machine;
  put_hook(machine, "usr/lib/strake/hooks/before-update.d/10-vendor", "exit 0");
  put_hook(machine, "usr/lib/strake/hooks/before-update.d/20-masked", "exit 1");
  put_hook(machine, "usr/lib/strake/hooks/before-update.d/30-both", "exit 1");
  put_hook(machine, "etc/strake/hooks/before-update.d/30-both", "exit 0");
  put_hook(machine, "etc/strake/hooks/before-apply.d/40-other", "exit 1");
  machine.root.write("etc/strake/hooks/before-update.d/20-masked", "-> /dev/null");
  machine.root.write("etc/strake/hooks/before-update.d/README", "no program");
  CHECK(handoff::hooks_at(machine.host, HookPoint::before_update) ==
        Strings{"/usr/lib/strake/hooks/before-update.d/10-vendor",
                "/etc/strake/hooks/before-update.d/30-both"});
  CHECK_FALSE(handoff::ask_hooks(machine.host, HookPoint::before_update, {}));
  CHECK(handoff::hooks_at(machine.host, HookPoint::after_update).empty());
}

TEST_CASE("a program is told what it is about")
{
  const support::TestHost machine;
  const std::string told = machine.root.path() + "/told";
  put_hook(machine,
           "etc/strake/hooks/after-update.d/tell",
           "echo $STRAKE_COMPONENT,$STRAKE_VERSION,$STRAKE_RUNNING_VERSION,$STRAKE_TRANSITION >" +
               told);
  handoff::run_hooks(machine.host,
                     HookPoint::after_update,
                     {.component = "c", .version = "2", .running = "1", .transition = "reboot"});
  CHECK(machine.root.read("told") == "c,2,1,reboot\n");
}

TEST_CASE("the first that refuses ends it, and its veto is noted once")
{
  const support::TestHost machine;
  put_hook(machine, "etc/strake/hooks/before-apply.d/10", "echo 'patients inside' >&2; exit 7");
  put_hook(machine, "etc/strake/hooks/before-apply.d/20", "touch " + machine.root.path() + "/ran");
  const auto veto = handoff::ask_hooks(machine.host, HookPoint::before_apply, {.version = "2"});
  CHECK(veto == "/etc/strake/hooks/before-apply.d/10: patients inside");
  CHECK_FALSE(machine.root.dir().status("ran"));
  const auto history = updater::read_history(machine.root.dir().dir("var/lib/strake"));
  REQUIRE(history.size() == 1);
  CHECK(history[0].action == "apply");
  CHECK(history[0].outcome == "vetoed");
  CHECK(history[0].version == "2");
  CHECK(history[0].detail == *veto);

  CHECK(handoff::ask_hooks(machine.host, HookPoint::before_apply, {.version = "2"}) == veto);
  CHECK(vetoes(machine) == 1);
  CHECK(handoff::ask_hooks(machine.host, HookPoint::before_apply, {.version = "3"}) == veto);
  CHECK(vetoes(machine) == 2);
}

TEST_CASE("a program that says nothing, or cannot be run, refuses all the same")
{
  const support::TestHost machine;
  put_hook(machine, "etc/strake/hooks/before-update.d/10", "exit 7");
  CHECK(handoff::ask_hooks(machine.host, HookPoint::before_update, {}) ==
        "/etc/strake/hooks/before-update.d/10: it ended with 7");
  machine.root.write("etc/strake/hooks/before-update.d/10", "#!/no/such/shell\n");
  const auto veto = handoff::ask_hooks(machine.host, HookPoint::before_update, {});
  REQUIRE(veto);
  CHECK(veto->starts_with("/etc/strake/hooks/before-update.d/10: "));
}

TEST_CASE("after an update a program that fails is warned of, and the others are run")
{
  support::TestHost machine;
  put_hook(machine, "etc/strake/hooks/after-update.d/10", "exit 7");
  put_hook(machine, "etc/strake/hooks/after-update.d/20", "touch " + machine.root.path() + "/ran");
  handoff::run_hooks(machine.host, HookPoint::after_update, {});
  CHECK(machine.said == Strings{"/etc/strake/hooks/after-update.d/10: it ended with 7"});
  CHECK(machine.root.dir().status("ran"));
}
