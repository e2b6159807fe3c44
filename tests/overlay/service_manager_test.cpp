// SPDX-License-Identifier: Apache-2.0
#include "overlay/service_manager.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/service_manager");

namespace {

using overlay::FollowUps;

/// A systemd that knows all units but gone.service, and is in one state.
class Systemctl final : public base::Runner {
public:
  explicit Systemctl(std::string state) : state_(std::move(state)) {}

  bool exists(const std::string &) override { return true; }

  base::Finished run(const base::Command &command) override
  {
    const std::string words = fmt::format("{}", fmt::join(command.argv, " "));
    if (words.find("SystemState") != std::string::npos)
      return {0, state_ + "\n", ""};
    if (words.find("LoadState") != std::string::npos)
      return {0, words.ends_with("gone.service") ? "not-found\n" : "loaded\n", ""};
    asked.push_back(words.substr(words.find("password") + 9));
    return {0, "", ""};
  }

  void start(const base::Command & /*command*/) override { FAIL("nothing is started here"); }

  std::vector<std::string> asked;

private:
  std::string state_;
};

std::vector<std::string> asked_of(const std::string &state)
{
  support::TestHost machine;
  machine.root.write("run/systemd/system/", "");
  Systemctl systemctl(state);
  const base::Host host{.sys = machine.sys,
                        .programs = systemctl,
                        .fetcher = machine.fetcher,
                        .clock = machine.clock,
                        .log = machine.host.log,
                        .environment = {},
                        .root = machine.host.root.again(),
                        .machine = machine.host.machine.again(),
                        .is_running_system = true};
  overlay::fulfil(host,
                  {.reload_manager = true,
                   .restart_units = {"one.service", "gone.service"},
                   .reload_or_restart_units = {"two.service"},
                   .refused = {}});
  CHECK(machine.said.empty());
  return systemctl.asked;
}

} // namespace

TEST_CASE("units are restarted and reloaded, and one that is gone is stopped")
{
  CHECK(asked_of("running") == std::vector<std::string>{"daemon-reload",
                                                        "restart -- one.service",
                                                        "stop -- gone.service",
                                                        "reload-or-restart -- two.service"});
  CHECK(asked_of("degraded") == asked_of("running"));
}

TEST_CASE("at boot nothing is waited for that may be waiting for the extensions")
{
  for (const std::string state : {"initializing", "starting"})
    CHECK(asked_of(state) ==
          std::vector<std::string>{"daemon-reload",
                                   "restart --no-block -- one.service",
                                   "stop --no-block -- gone.service",
                                   "reload-or-restart --no-block -- two.service"});
}
