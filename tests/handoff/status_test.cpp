// SPDX-License-Identifier: Apache-2.0
#include "handoff/metrics.hpp"
#include "handoff/status.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/status");

using handoff::BootState;
using handoff::MachineStatus;
using handoff::SystemVersion;
using handoff::Trouble;

namespace {

/// Two systems, of which the newer one runs; nothing is wrong.
MachineStatus good_machine()
{
  MachineStatus status{.running = "2"};
  status.systems = {
      {.version = "2",
       .assessment = "current",
       .boot = BootState::good,
       .is_running = true,
       .is_next = true},
      {.version = "1", .assessment = "installed", .boot = BootState::good},
  };
  status.outlook = handoff::Outlook{.menu = {}, .next = {}, .decision = {}, .survivors = {}};
  status.last_run = handoff::LastRun{1000, ""};
  return status;
}

bool holds(const std::string &text, const std::string &line)
{
  return text.find(line + "\n") != std::string::npos;
}

} // namespace

TEST_CASE("a machine on which all is well has nothing to see to")
{
  CHECK(handoff::find_troubles(good_machine(), {}).empty());
}

TEST_CASE("a system that was given up is told with the reason, which the history has kept")
{
  MachineStatus status = good_machine();
  status.systems[0].is_running = false;
  status.systems[1].is_running = true;
  status.systems[0].boot = BootState::given_up;
  auto troubles = handoff::find_troubles(status, {});
  REQUIRE(troubles.size() == 2);
  CHECK(troubles[0].what == "The boot loader gave 2 up.");
  CHECK(troubles[1].what == "There is no other version to fall back on.");
  const std::vector<updater::Event> history = {{.time = 1,
                                                .action = "health",
                                                .component = "",
                                                .version = "1",
                                                .outcome = "bad",
                                                .detail = "of another"},
                                               {.time = 2,
                                                .action = "health",
                                                .component = "",
                                                .version = "2",
                                                .outcome = "bad",
                                                .detail = "app.service: it is failed"},
                                               {.time = 3,
                                                .action = "boot",
                                                .component = "",
                                                .version = "2",
                                                .outcome = "blessed",
                                                .detail = "not this"}};
  troubles = handoff::find_troubles(status, history);
  CHECK(troubles[0].what == "The boot loader gave 2 up: app.service: it is failed.");
  CHECK(troubles[0].todo.starts_with("It is not tried again until a newer version is there"));
}

TEST_CASE("damage, half a version, a missing fallback and a run that failed are told")
{
  MachineStatus status = good_machine();
  status.systems[1].boot = BootState::damaged;
  status.systems[1].assessment = "installed+partial";
  status.last_run->failure = "no such host";
  const auto troubles = handoff::find_troubles(status, {});
  REQUIRE(troubles.size() == 4);
  CHECK(troubles[0].what == "1 cannot boot.");
  CHECK(troubles[1].what == "1 is not whole.");
  CHECK(troubles[2].what == "There is no other version to fall back on.");
  CHECK(troubles[3].what == "The last automatic update failed: no such host");
}

TEST_CASE("a reset that the next boot performs is told")
{
  MachineStatus status = good_machine();
  status.is_reset_staged = true;
  const auto troubles = handoff::find_troubles(status, {});
  REQUIRE(troubles.size() == 1);
  CHECK(troubles[0].todo == "`strake reset cancel` keeps it.");
}

TEST_CASE("a machine without boot entries is not told that it has no fallback")
{
  MachineStatus status = good_machine();
  status.outlook.reset();
  status.systems.clear();
  CHECK(handoff::find_troubles(status, {}).empty());
}

TEST_CASE("extensions that others have linked for the system that runs are told as its own")
{
  const support::TestHost machine;
  machine.root.write("etc/sysupdate.a.d/x.transfer",
                     "[Transfer]\nVerify=no\n[Source]\nType=url-file\nPath=http://localhost/\n"
                     "MatchPattern=a_@v.raw\n[Target]\nType=regular-file\n"
                     "Path=/var/lib/extensions.d\nMatchPattern=a_@v.raw\n"
                     "CurrentSymlink=/var/lib/extensions/a.raw\n");
  for (const std::string version : {"1", "2"})
    machine.root.write("var/lib/extensions.d/a_" + version + ".raw", version);
  machine.root.write("var/lib/extensions/a.raw", "-> ../extensions.d/a_2.raw");
  machine.root.write("usr/lib/os-release", "ID=x\nIMAGE_VERSION=2\n");
  const auto told = [&](const std::string &sets) {
    machine.root.write("var/lib/strake/sets.json", sets);
    const MachineStatus status = handoff::read_status(machine.host);
    REQUIRE(status.systems.size() == 1);
    return status.systems[0].extensions;
  };
  CHECK(told(R"({"followed": "1", "following": "", "sets": {"1": {"a": "1"}}})") ==
        updater::SystemSet{{"a", "2"}});
  CHECK(told(R"({"followed": "1", "following": "", "sets": {"1": {"a": "1"}, "2": {"a": "1"}}})") ==
        updater::SystemSet{{"a", "1"}});
}

TEST_CASE("metrics say the same in numbers")
{
  MachineStatus status = good_machine();
  status.running = "2 \"x\"\\";
  status.systems[0].boot = BootState::counted;
  status.systems[0].tries_left = 3;
  status.components = {{.name = "docker", .in_use = "28", .newest = "29", .pending = ""}};
  status.outlook->decision.transition = handoff::Transition::soft_reboot;
  status.last_run->failure = "no such host";
  status.troubles = {Trouble{"a", "b"}};
  const std::string text = handoff::metrics_of(status);
  CHECK(holds(text, R"(strake_running_info{version="2 \"x\"\\"} 1)"));
  CHECK(holds(text, R"(strake_system_boot_state{version="2",state="counted"} 1)"));
  CHECK(holds(text, R"(strake_system_boot_state{version="1",state="good"} 1)"));
  CHECK(holds(text, R"(strake_system_tries_left{version="2"} 3)"));
  CHECK(holds(text,
              R"(strake_component_info{component="docker",in_use="28",newest="29",pending=""} 1)"));
  CHECK(holds(text, R"(strake_waiting{transition="soft-reboot"} 1)"));
  CHECK(holds(text, R"(strake_waiting{transition="reboot"} 0)"));
  CHECK(holds(text, "strake_troubles 1"));
  CHECK(holds(text, "strake_last_run_timestamp_seconds 1000"));
  CHECK(holds(text, "strake_last_run_success 0"));
}

TEST_CASE("metrics are written where they are wanted, in place of those before")
{
  const support::TestHost machine;
  handoff::write_metrics(machine.host);
  CHECK_FALSE(machine.root.exists("var"));
  machine.root.write("etc/strake/automatic.conf",
                     "[Automatic]\nMetricsFile=/var/lib/metrics/strake.prom\n");
  for (const std::string version : {"2", "3"}) {
    machine.root.write("etc/os-release", "ID=acme\nIMAGE_VERSION=" + version + "\n");
    handoff::write_metrics(machine.host);
    CHECK(holds(machine.root.read("var/lib/metrics/strake.prom"),
                "strake_running_info{version=\"" + version + "\"} 1"));
  }
}

TEST_CASE("how the last run ended is kept, and nothing is made of what nobody can read")
{
  const support::TestHost machine;
  const base::Dir dir = machine.root.dir().again();
  CHECK_FALSE(handoff::read_last_run(dir));
  handoff::write_last_run(machine.host.sys, dir, {7, "it \"failed\""});
  CHECK(handoff::read_last_run(dir) == handoff::LastRun{7, "it \"failed\""});
  for (const std::string text : {"",
                                 "[]",
                                 "{}",
                                 R"({"time": "7", "failure": ""})",
                                 R"({"time": 7})",
                                 R"({"time": 7, "failure": 1})"}) {
    machine.root.write("last-run.json", text);
    CHECK_FALSE_MESSAGE(handoff::read_last_run(dir), text);
  }
}
