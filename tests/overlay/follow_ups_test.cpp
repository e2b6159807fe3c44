// SPDX-License-Identifier: Apache-2.0
#include "overlay/follow_ups.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("overlay/follow_ups");

using overlay::follow_ups;
using overlay::FollowUps;

TEST_CASE("an extension asks for nothing unless it says so")
{
  CHECK(follow_ups({{"ID", "_any"}}) == FollowUps{});
  CHECK(follow_ups({{"EXTENSION_RELOAD_MANAGER", "0"}}) == FollowUps{});
  CHECK(follow_ups({{"EXTENSION_RELOAD_MANAGER", "perhaps"}}) == FollowUps{});
  CHECK(follow_ups({{"EXTENSION_RELOAD_MANAGER", "1"}}).reload_manager);
}

TEST_CASE("units are restarted or reloaded, each once, and the manager is reloaded for them")
{
  const FollowUps wanted =
      follow_ups({{"EXTENSION_RESTART_UNITS", "a.service b@1.timer a.service"},
                  {"EXTENSION_RELOAD_OR_RESTART_UNITS", "c.service a.service c.service"}});
  CHECK(wanted == FollowUps{.reload_manager = true,
                            .restart_units = {"a.service", "b@1.timer"},
                            .reload_or_restart_units = {"c.service"},
                            .refused = {}});
  CHECK(follow_ups({{"EXTENSION_RELOAD_OR_RESTART_UNITS", "c.service"}}).reload_manager);
}

TEST_CASE("a word that is no name of a unit is never handed on")
{
  const FollowUps wanted = follow_ups(
      {{"EXTENSION_RESTART_UNITS", "--root=/.service a .service a/b.service @x.service a.service"},
       {"EXTENSION_RELOAD_OR_RESTART_UNITS", "$(x).service a.unit \x1b.service"}});
  CHECK(wanted.restart_units == std::vector<std::string>{"a.service"});
  CHECK(wanted.reload_or_restart_units.empty());
  CHECK(wanted.refused == std::vector<std::string>{"--root=/.service",
                                                   "a",
                                                   ".service",
                                                   "a/b.service",
                                                   "@x.service",
                                                   "$(x).service",
                                                   "a.unit",
                                                   "\x1b.service"});
}
