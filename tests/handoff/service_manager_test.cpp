// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/service_manager.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <algorithm>

TEST_SUITE_BEGIN("handoff/service_manager");

using handoff::Transition;

namespace {

/// Answers all alike, and keeps what it was asked.
class Systemctl final : public base::Runner {
public:
  bool exists(const std::string &) override { return true; }

  base::Finished run(const base::Command &command) override
  {
    asked = command;
    return answer;
  }

  void start(const base::Command & /*command*/) override { FAIL("nothing is started here"); }

  base::Finished answer{0, "", ""};
  base::Command asked{};
};

struct Machine {
  support::TestHost machine;
  Systemctl systemctl;
  base::Host host{.sys = machine.sys,
                  .programs = systemctl,
                  .fetcher = machine.fetcher,
                  .clock = machine.clock,
                  .log = machine.host.log,
                  .environment = {},
                  .root = machine.host.root.again(),
                  .machine = machine.host.machine.again(),
                  .is_running_system = true};
};

} // namespace

TEST_CASE("a reboot is one, whatever root or kernel somebody has left ready")
{
  Machine machine;
  handoff::request(machine.host, Transition::reboot);
  CHECK(machine.systemctl.asked.argv ==
        std::vector<std::string>{"systemctl", "--no-ask-password", "reboot"});
  const auto &environment = machine.systemctl.asked.environment;
  for (const char *line : {"SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT=1", "SYSTEMCTL_SKIP_AUTO_KEXEC=1"})
    CHECK(std::find(environment.begin(), environment.end(), line) != environment.end());
}

TEST_CASE("what the service manager refuses is an error with its words")
{
  Machine machine;
  machine.systemctl.answer = {1, "", "Access denied"};
  CHECK_THROWS_WITH_AS(handoff::request(machine.host, Transition::soft_reboot),
                       "systemctl soft-reboot failed: Access denied",
                       base::Error);
}

TEST_CASE("its version is a number, and none where it does not run")
{
  Machine machine;
  machine.systemctl.answer.output = "257.7-1\n";
  CHECK(handoff::service_manager_version(machine.host) == 0);
  machine.machine.root.write("run/systemd/system/", "");
  CHECK(handoff::service_manager_version(machine.host) == 257);
}
