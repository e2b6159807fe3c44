// SPDX-License-Identifier: Apache-2.0
#include "support/private_mounts.hpp"
#include "updater/forecast.hpp"
#include "updater/update_setting.hpp"

#include <sys/mount.h>

#include <filesystem>

TEST_SUITE_BEGIN("updater/forecast");

namespace {

updater::Forecast forecast(World &world)
{
  const auto foreseen = updater::foresee(world.machine.host, {});
  return updater::forecast(world.machine.host, *foreseen);
}

} // namespace

TEST_CASE("the servers are asked for sizes, and nothing is fetched or changed")
{
  World world;
  world.offer("1");
  const std::string before = world.root().read("disk.raw");
  const updater::Forecast seen = forecast(world);
  REQUIRE(seen.costs.size() == 2);
  for (const updater::Cost &cost : seen.costs) {
    CHECK(cost.fetch == 5000);
    CHECK(cost.there == 0);
    CHECK(cost.write == 5000);
  }
  CHECK(seen.staging_to_come == 0); // straight into their places
  CHECK(seen.staging_free > 0);
  CHECK(world.machine.fetcher.answered_from.count(World::url("root-1.raw")) == 0);
  CHECK(world.root().read("disk.raw") == before);
}

TEST_CASE("before anything was downloaded the room is that of the file system where it will wait")
{
  support::enter_private_mounts();
  World world;
  world.offer("1");
  world.root().write("var/keep", "");
  const std::string var = world.root().path() + "/var";
  REQUIRE(::mount("tmpfs", var.c_str(), "tmpfs", 0, "size=64k") == 0);
  CHECK(forecast(world).staging_free == 65536);
  CHECK(::umount2(var.c_str(), MNT_DETACH) == 0);
}

TEST_CASE("the place where downloads will wait has its name before it is there")
{
  World world;
  world.offer("1");
  const std::string staging = world.root().path() + "/var/lib/strake/staging";
  CHECK(forecast(world).staging == staging);
  world.update();
  CHECK(std::filesystem::is_directory(staging));
  world.offer("2");
  CHECK(forecast(world).staging == staging);
}

TEST_CASE("of a packed payload it is not known what will be written, but what will wait")
{
  World world;
  world.define("10-root",
               "MatchPattern=root-@v.raw.zst",
               "Type=partition\nPath=/disk.raw\nMatchPattern=root-@v\n"
               "MatchPartitionType=root-x86-64\nInstancesMax=2");
  world.serve("root-1.raw.zst", std::string(700, 'x'));
  world.serve("boot-1.efi", World::payload("boot-1.efi"));
  const updater::Forecast seen = forecast(world);
  REQUIRE(seen.costs.size() == 2);
  CHECK(seen.costs[0].fetch == 700);
  CHECK_FALSE(seen.costs[0].write.has_value());
  CHECK(seen.staging_to_come == 700);
}

TEST_CASE("what an earlier run left need not come again")
{
  World world;
  world.offer("1");
  world.machine.fetcher.cuts[World::url("root-1.raw")] = 3000;
  CHECK_FALSE(world.update_failure().empty());
  const updater::Forecast seen = forecast(world);
  REQUIRE(seen.costs.size() == 2);
  CHECK(seen.costs[0].there == 3000);
  CHECK(seen.costs[0].fetch == 2000);
  CHECK(seen.costs[0].write == 5000);
}

TEST_CASE("a server that does not answer leaves the sizes unknown, with a warning")
{
  World world;
  world.offer("1");
  const auto foreseen = updater::foresee(world.machine.host, {});
  world.machine.fetcher.failures[World::url("root-1.raw")] = "the server answered 405";
  const updater::Forecast seen = updater::forecast(world.machine.host, *foreseen);
  REQUIRE(seen.costs.size() == 2);
  CHECK_FALSE(seen.costs[0].fetch.has_value());
  CHECK_FALSE(seen.costs[0].write.has_value());
  CHECK(world.has_said("The sizes of the downloads are not known"));
}

TEST_CASE("where there is nothing to do there is nothing to foresee")
{
  World world;
  world.install("1");
  CHECK(forecast(world).costs.empty());
}
