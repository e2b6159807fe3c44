// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/test_host.hpp"
#include "updater/system_set.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("updater/system_set");

using updater::SystemSets;

TEST_CASE("what was written is read, and without anything written there are none")
{
  const support::TestHost machine;
  CHECK(updater::read_system_sets(machine.root.dir()) == SystemSets{});
  const SystemSets sets{.sets = {{"1", {{"docker", "27"}, {"wasm", ""}}}, {"2~rc1", {}}},
                        .followed = "1",
                        .following = "2~rc1"};
  base::LinuxSys sys;
  updater::write_system_sets(sys, machine.root.dir(), sets);
  CHECK(updater::read_system_sets(machine.root.dir()) == sets);
}

TEST_CASE("a component needs the versions of all sets, but where it is in none")
{
  const SystemSets sets{
      .sets = {{"1", {{"docker", "27"}}}, {"2", {{"docker", "28"}}}, {"3", {{"docker", ""}}}}};
  CHECK(updater::versions_needed(sets, "docker") == std::set<std::string>{"27", "28"});
  CHECK(updater::versions_needed(sets, "wasm").empty());
}

TEST_CASE("a file that cannot be understood is not taken for none")
{
  const support::TestHost machine;
  for (const char *text : {"",
                           "{",
                           "[]",
                           R"({"sets": {}})",
                           R"({"sets": {"1": []},)"
                           R"( "followed": "", "following": ""})",
                           R"({"sets": {}, "followed": 1, "following": ""})"}) {
    machine.root.write("sets.json", text);
    CHECK_THROWS_AS((void)updater::read_system_sets(machine.root.dir()), base::Error);
  }
}
