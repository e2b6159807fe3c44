// SPDX-License-Identifier: Apache-2.0
#include "handoff/quarantine.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/quarantine");

using handoff::Blame;
using handoff::find_culprits;
using handoff::Quarantined;
using updater::SystemSet;
using updater::SystemSets;

namespace {

const SystemSet in_use{{"docker", "28"}, {"tools", "5"}, {"none", ""}};

} // namespace

TEST_CASE("an extension that has not gone well before is to blame for what is its own")
{
  const SystemSets sets{.sets = {{"1", {{"docker", "27"}, {"tools", "5"}}}, {"2", in_use}},
                        .followed = "2"};
  CHECK(find_culprits({{"dockerd.service: it is failed", "docker"},
                       {"/usr/lib/greenboot/check/required.d/docker: it ended with 1", "docker"}},
                      in_use,
                      sets) ==
        std::vector<Quarantined>{
            {"docker",
             "28",
             "",
             "dockerd.service: it is failed; /usr/lib/greenboot/check/required.d/docker: it ended "
             "with 1"}});
}

TEST_CASE("nobody is to blame if something failed that is no extension's")
{
  CHECK(find_culprits({{"a", "docker"}, {"b", ""}}, in_use, {}).empty());
  CHECK(find_culprits({{"a", "docker"}, {"b", "gone"}}, in_use, {}).empty());
  CHECK(find_culprits({{"a", "none"}}, in_use, {}).empty());
  CHECK(find_culprits({}, in_use, {}).empty());
}

TEST_CASE("an extension that went well with another system is not to blame")
{
  const SystemSets sets{.sets = {{"1", {{"docker", "27"}, {"tools", "5"}}}, {"2", in_use}},
                        .followed = "2"};
  CHECK(find_culprits({{"a", "tools"}}, in_use, sets).empty());
  CHECK(find_culprits({{"a", "tools"}, {"b", "docker"}}, in_use, sets).empty());
}

TEST_CASE("several that are to blame are all taken out")
{
  const auto culprits = find_culprits({{"a", "tools"}, {"b", "docker"}}, in_use, {});
  REQUIRE(culprits.size() == 2);
  CHECK(culprits[0] == Quarantined{"tools", "5", "", "a"});
  CHECK(culprits[1] == Quarantined{"docker", "28", "", "b"});
}
