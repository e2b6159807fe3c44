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
    const std::size_t after = words.find("password ");
    asked.push_back(after == std::string::npos ? words : words.substr(after + 9));
    return {words.starts_with("ldconfig") ? 1 : 0, "", "no room\n"};
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
                  {.topics = {{overlay::Topic::units, {}}},
                   .wishes = {.reload_manager = true,
                              .restart_units = {"one.service", "gone.service"},
                              .reload_or_restart_units = {"two.service"},
                              .refused = {}}});
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

TEST_CASE(
    "each topic has its command, where there is somebody to tell, and no failure stops the rest")
{
  using overlay::Topic;
  support::TestHost machine;
  Systemctl programs("running");
  base::Host host{.sys = machine.sys,
                  .programs = programs,
                  .fetcher = machine.fetcher,
                  .clock = machine.clock,
                  .log = machine.host.log,
                  .environment = {},
                  .root = machine.host.root.again(),
                  .machine = machine.host.machine.again(),
                  .is_running_system = true};
  const overlay::Aftermath all{.topics = {{Topic::dbus, {}},
                                          {Topic::units, {}},
                                          {Topic::udev, {}},
                                          {Topic::hardware_database, {}},
                                          {Topic::tmpfiles, {"b.conf"}},
                                          {Topic::sysusers, {}},
                                          {Topic::linker_cache, {}}},
                               .wishes = {.reload_manager = true,
                                          .restart_units = {"one.service"},
                                          .reload_or_restart_units = {},
                                          .refused = {}}};
  overlay::fulfil(host, all);
  const std::vector<std::string> without_systemd = {
      "ldconfig", "systemd-tmpfiles --create -- b.conf", "systemd-hwdb update"};
  CHECK(programs.asked == without_systemd);
  REQUIRE(machine.said.size() == 1);
  CHECK(machine.said.front() == "ldconfig failed: no room");
  programs.asked.clear();
  machine.root.write("run/systemd/system/", "");
  machine.root.write("run/udev/control", "");
  overlay::fulfil(host, all);
  CHECK(programs.asked == std::vector<std::string>{"ldconfig",
                                                   "systemd-tmpfiles --create -- b.conf",
                                                   "systemd-hwdb update",
                                                   "udevadm control --reload",
                                                   "daemon-reload",
                                                   "reload dbus.service",
                                                   "restart -- one.service"});
  programs.asked.clear();
  host.is_running_system = false;
  overlay::fulfil(host, all);
  CHECK(programs.asked.empty());
}
