// SPDX-License-Identifier: Apache-2.0
#include "handoff/surroundings.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/surroundings");

using handoff::Inhibitor;
using Strings = std::vector<std::string>;

namespace {

/// A bus that answers what it is told to, and remembers what it was asked.
class Bus final : public base::Runner {
public:
  explicit Bus(base::Finished answer) : answer_(std::move(answer)) {}

  Strings asked;

  bool exists(const std::string &program) override { return program == "busctl"; }

  base::Finished run(const base::Command &command) override
  {
    asked = command.argv;
    return answer_;
  }

  void start(const base::Command &) override {}

private:
  base::Finished answer_;
};

handoff::Surroundings read(const support::TestHost &machine, base::Runner &bus)
{
  return handoff::read_surroundings({.sys = machine.host.sys,
                                     .programs = bus,
                                     .fetcher = machine.host.fetcher,
                                     .clock = machine.host.clock,
                                     .log = machine.host.log,
                                     .environment = {},
                                     .root = machine.root.dir().again(),
                                     .machine = machine.root.dir().again(),
                                     .is_running_system = true});
}

bool is_on_battery(const support::TestHost &machine)
{
  Bus bus({1, "", "no"});
  return read(machine, bus).is_on_battery;
}

void put_supply(const support::TestHost &machine,
                const std::string &name,
                const std::vector<std::pair<std::string, std::string>> &attributes)
{
  for (const auto &[attribute, value] : attributes)
    machine.root.write("sys/class/power_supply/" + name + "/" + attribute, value + "\n");
}

} // namespace

TEST_CASE("a machine runs on battery where one discharges and no mains is online")
{
  const support::TestHost machine;
  CHECK_FALSE(is_on_battery(machine));
  put_supply(
      machine, "hid-mouse", {{"type", "Battery"}, {"status", "Discharging"}, {"scope", "Device"}});
  CHECK_FALSE(is_on_battery(machine));
  put_supply(machine, "AC", {{"type", "Mains"}, {"online", "0"}});
  put_supply(machine, "BAT0", {{"type", "Battery"}, {"status", "Full"}});
  CHECK_FALSE(is_on_battery(machine));
  put_supply(machine, "BAT0", {{"status", "Discharging"}});
  CHECK(is_on_battery(machine));
  put_supply(machine, "AC", {{"online", "1"}});
  CHECK_FALSE(is_on_battery(machine));
}

TEST_CASE("a network is metered where NetworkManager says so or guesses it")
{
  const support::TestHost machine;
  const auto metered = [&](const base::Finished &answer) {
    Bus bus(answer);
    const bool is_metered = read(machine, bus).is_metered;
    CHECK(bus.asked.at(0) == "busctl");
    CHECK(bus.asked.at(1) == "--auto-start=no");
    CHECK(bus.asked.back() == "Metered");
    return is_metered;
  };
  CHECK(metered({0, "u 1\n", ""}));
  CHECK(metered({0, "u 3\n", ""}));
  for (const std::string answer : {"u 0\n", "u 2\n", "u 4\n", "s 1\n", ""})
    CHECK_FALSE(metered({0, answer, ""}));
  CHECK_FALSE(metered({1, "u 1\n", "the name is not activatable"}));
}

TEST_CASE("whoever blocks a shutdown is named, and whoever only delays it is not")
{
  CHECK(handoff::parse_inhibitors(
            R"json({"type":"a(ssssuu)","data":[[)json"
            R"(["sleep:shutdown","dpkg","installs a package","block",0,12],)"
            R"(["shutdown","NetworkManager","says goodbye","delay",0,13],)"
            R"(["sleep","UPower","saves power","block",0,14],)"
            R"(["shutdown","player","plays a film","block-weak",1000,15]]]})") ==
        std::vector<Inhibitor>{{"dpkg", "installs a package"}, {"player", "plays a film"}});
  for (const std::string text : {"",
                                 "{}",
                                 "[]",
                                 R"({"data":[]})",
                                 R"({"data":[[[]]]})",
                                 R"({"data":[[["shutdown"]]]})",
                                 R"({"data":[7]})"})
    CHECK_MESSAGE(handoff::parse_inhibitors(text).empty(), text);
}
