// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/health.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <filesystem>

TEST_SUITE_BEGIN("handoff/health");

using handoff::HealthCheck;
using handoff::HealthSettings;
using handoff::MenuEntry;
using Names = std::vector<std::string>;

namespace {

void put_program(const support::TestHost &machine, const std::string &path, const std::string &text)
{
  machine.root.write(path, "#!/bin/sh\n" + text + "\n");
  std::filesystem::permissions(machine.root.path() + "/" + path, std::filesystem::perms::owner_all);
}

/// "required good", "wanted bad: why" of each.
Names examined(const support::TestHost &machine, const HealthSettings &settings = {})
{
  Names found;
  for (const HealthCheck &each : handoff::check_health(machine.host, settings))
    found.push_back(each.name + (each.is_required ? " required" : " wanted") +
                    (each.failure.empty() ? " good" : ": " + each.failure));
  return found;
}

std::string refusal(const support::TestHost &machine)
{
  try {
    (void)handoff::read_health_settings(machine.host);
  } catch (const base::Error &error) {
    return error.what();
  }
  return "accepted";
}

MenuEntry entry(const std::string &id, std::optional<handoff::BootTries> tries)
{
  MenuEntry made;
  made.entry.name = {id, tries};
  made.file = "/efi/EFI/Linux/" + id;
  if (tries)
    made.state = tries->left == 0 ? handoff::BootState::given_up : handoff::BootState::counted;
  return made;
}

} // namespace

TEST_CASE("a system that nothing is asked of is good")
{
  const support::TestHost machine;
  CHECK(examined(machine).empty());
  CHECK(handoff::is_good({}));
  CHECK(handoff::read_health_settings(machine.host) == HealthSettings{});
}

TEST_CASE("programs of both places are run, the required ones first, and say why they failed")
{
  const support::TestHost machine;
  put_program(
      machine, "etc/greenboot/check/required.d/20-fails", "echo 'no net'; echo more; exit 3");
  put_program(machine, "usr/lib/greenboot/check/required.d/30-passes", "exit 0");
  put_program(machine, "usr/lib/greenboot/check/required.d/10-passes", "exit 0");
  put_program(machine, "etc/greenboot/check/wanted.d/silent", "exit 1");
  machine.root.write("etc/greenboot/check/required.d/README", "no program");
  CHECK(examined(machine) ==
        Names{"/usr/lib/greenboot/check/required.d/10-passes required good",
              "/usr/lib/greenboot/check/required.d/30-passes required good",
              "/etc/greenboot/check/required.d/20-fails required: it ended with 3: no net",
              "/etc/greenboot/check/wanted.d/silent wanted: it ended with 1"});
}

TEST_CASE("only what is required decides")
{
  CHECK(handoff::is_good({{"a", true, ""}, {"b", false, "it ended with 1"}}));
  CHECK_FALSE(handoff::is_good({{"a", true, ""}, {"b", true, "it ended with 1"}}));
}

TEST_CASE("what has no time left has failed")
{
  const support::TestHost machine;
  put_program(machine, "etc/greenboot/check/required.d/a", "exit 0");
  CHECK(examined(machine, {.deadline = std::chrono::seconds(0)}) ==
        Names{"/etc/greenboot/check/required.d/a required: the deadline has passed before its "
              "turn"});
}

TEST_CASE("who wants to know is told")
{
  const support::TestHost machine;
  for (const std::string colour : {"green", "red"})
    put_program(machine,
                "etc/greenboot/" + colour + ".d/tell",
                "echo " + colour + " >>" + machine.root.path() + "/told");
  handoff::tell_of_health(machine.host, true);
  handoff::tell_of_health(machine.host, false);
  CHECK(machine.root.read("told") == "green\nred\n");
}

TEST_CASE("settings are read, and what is not understood is named")
{
  const support::TestHost machine;
  machine.root.write("usr/lib/strake/health.conf",
                     "[Health]\nRequiredUnits=a.service\nDeadline=90\n");
  machine.root.write("etc/strake/health.conf.d/10.conf",
                     "[Health]\nRequiredUnits=b.service \"c d\"\nX-Ours=1\n");
  CHECK(handoff::read_health_settings(machine.host) ==
        HealthSettings{.required_units = {"a.service", "b.service", "c d"},
                       .deadline = std::chrono::seconds(90)});
  machine.root.write("etc/strake/health.conf", "[Health]\nDeadline=soon\n");
  CHECK(refusal(machine).find("health.conf:2: Deadline=soon is no time span") != std::string::npos);
  machine.root.write("etc/strake/health.conf", "[Health]\nUnits=a\n");
  CHECK(refusal(machine).find("[Health] Units= is not known") != std::string::npos);
  machine.root.write("etc/strake/health.conf", "[Health]\nDeadline 5min\n");
  CHECK(refusal(machine).find("health.conf:2: \"Deadline 5min\" is neither") != std::string::npos);
}

TEST_CASE("only a system on trial is left, and only for one that can boot")
{
  std::vector<MenuEntry> menu{entry("new.efi", handoff::BootTries{.left = 2, .done = 1}),
                              entry("old.efi", std::nullopt)};
  CHECK(handoff::reason_to_stay(menu) == "no boot entry is known to be what runs");
  menu[0].is_running = true;
  CHECK(handoff::reason_to_stay(menu).empty());
  menu[1].state = handoff::BootState::damaged;
  CHECK(handoff::reason_to_stay(menu) == "nothing else can boot");
  menu[0].is_running = false;
  menu[1].is_running = true;
  CHECK(handoff::reason_to_stay(menu) ==
        "/efi/EFI/Linux/old.efi was found good before, and is not on trial");
}
