// SPDX-License-Identifier: Apache-2.0
#include "update_setting.hpp"
#include "updater/handed_over.hpp"
#include "updater/repair.hpp"
#include "updater/state.hpp"
#include "updater/vacuum.hpp"

// What went wrong in systemd-sysupdate, by the number of its issue. Each is told as a user met it.
TEST_SUITE_BEGIN("updater/regressions");

using updater::Outcome;
using Strings = std::vector<std::string>;

TEST_CASE("#41288: a transfer that was cut is not skipped by the next update")
{
  World world;
  world.install("1");
  world.offer("2");
  world.machine.fetcher.cuts[World::url("root-2.raw")] = 2000;
  CHECK_FALSE(world.update_failure().empty());
  CHECK(world.boot_files() == Strings{"boot_1.efi"}); // no entry for a root that is not there
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
}

TEST_CASE("#41502: a version that was cut does not stay current+partial for good")
{
  World world;
  world.install("1");
  world.offer("2");
  for (const std::size_t bytes : {100U, 2000U, 4999U}) {
    world.machine.fetcher.cuts[World::url("root-2.raw")] = bytes;
    CHECK(world.update_failure().starts_with("network: "));
    CHECK(world.list().front() == "2 current+partial");
  }
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.list().front() == "2 current");
}

TEST_CASE("#42186: an update that was stopped before the first byte is taken up again")
{
  World world;
  world.install("1");
  world.offer("2");
  world.machine.fetcher.cuts[World::url("root-2.raw")] = 0;
  CHECK(world.update_failure().starts_with("network: "));
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.slot_holds(2, "2"));
}

TEST_CASE("#42187: an update that was stopped after the first byte is taken up again")
{
  for (const std::size_t bytes : {1U, 7U, 512U, 5000U}) {
    CAPTURE(bytes);
    World world;
    world.install("1");
    world.offer("2");
    world.machine.fetcher.cuts[World::url("root-2.raw")] = bytes;
    CHECK(world.update_failure().starts_with("network: "));
    CHECK(world.update().outcome == Outcome::installed);
    CHECK(world.slot_holds(2, "2"));
  }
}

TEST_CASE("#43561: a set of which a part is missing is not taken for a pending one")
{
  World world;
  world.install("1");
  world.offer("2");
  REQUIRE(world.acquire().outcome == Outcome::acquired);
  std::filesystem::remove(world.root().path() + "/efi/EFI/Linux/.sysupdate.pending.boot_2.efi");
  SUBCASE("offline it is not put into effect")
  {
    CHECK(world.update_offline().outcome == Outcome::nothing_newer);
    CHECK(world.slot(2) == "root-2 (pending)");
    CHECK(world.boot_files() == Strings{"boot_1.efi"});
  }
  SUBCASE("acquiring brings what is missing")
  {
    CHECK(world.acquire().outcome == Outcome::acquired);
    CHECK(world.update_offline().outcome == Outcome::installed);
    CHECK(world.slot_holds(2, "2"));
    CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
  }
  SUBCASE("updating brings what is missing")
  {
    CHECK(world.update().outcome == Outcome::installed);
    CHECK(world.slot_holds(2, "2"));
    CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
  }
}

TEST_CASE("#41553: whatever mixture of states was left, an update ends without an assertion")
{
  // Each of the two parts of version 2 in each state, with and without the server having it still.
  for (const std::string root : {"absent", "partial", "pending", "installed"})
    for (const std::string boot : {"absent", "partial", "pending", "installed"})
      for (const bool is_offered : {true, false}) {
        CAPTURE(root);
        CAPTURE(boot);
        CAPTURE(is_offered);
        World world;
        world.install("1");
        world.offer("2");
        verity::GptTable table = world.table();
        verity::GptEntry &entry = table.entry(2);
        const base::Uuid type = entry.type;
        if (root != "absent")
          entry.label = "root-2";
        if (root == "partial")
          entry.type = verity::partial_type(type);
        if (root == "pending")
          entry.type = verity::pending_type(type);
        base::Host &host = world.machine.host;
        verity::GptDisk(host.sys.open_writable(host.root, "/disk.raw"), "disk")
            .commit(host.sys, table);
        if (boot != "absent")
          world.root().write("efi/EFI/Linux/" +
                                 (boot == "installed" ? "" : ".sysupdate." + boot + ".") +
                                 "boot_2.efi",
                             World::payload("boot-2.efi"));
        if (!is_offered)
          world.withdraw_offer("root-2.raw");
        const std::string failure = world.update_failure();
        CHECK(failure.find("internal") == std::string::npos);
        CHECK(world.slot_holds(1, "1"));
        if (is_offered) {
          CHECK(failure == "");
          CHECK(world.list().front() == "2 current");
          CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
        }
        CHECK_NOTHROW(updater::vacuum(host, {}, std::nullopt));
        CHECK(world.slot_holds(1, "1"));
      }
}

TEST_CASE("#40658: a label that is too long is refused before anything is deleted")
{
  World world;
  world.install("1");
  world.install("2");
  const std::string before = world.root().read("disk.raw");
  const std::string version = "3." + std::string(40, '1');
  world.offer(version);
  const std::string why = world.update_failure();
  CHECK(why.starts_with("config: 10-root: the partition label \"root-" + version +
                        "\" is too long: a GPT label holds 36 UTF-16 units"));
  CHECK(world.root().read("disk.raw") == before);
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
}

TEST_CASE("#40658: what marks a slot as unfinished takes nothing of the 36 units of its label")
{
  World world;
  world.install("1");
  const std::string version = "2." + std::string(29, '1'); // "root-" and 31 characters
  world.offer(version);
  CHECK(world.acquire().outcome == Outcome::acquired);
  CHECK(world.slot(2) == "root-" + version + " (pending)");
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.slot_holds(2, version));
}

TEST_CASE("#33339: the running version is kept even if a part of it is missing")
{
  World world(3);
  world.install("1");
  world.install("2");
  world.run_version("1");
  std::filesystem::remove(world.root().path() + "/efi/EFI/Linux/boot_1.efi");
  world.install("3");
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.slot_holds(2, "2")); // which the machine would boot meanwhile
  CHECK(world.slot_holds(3, "3"));
  updater::vacuum(world.machine.host, {}, 1);
  CHECK(world.slot_holds(1, "1"));
}

TEST_CASE("#34827: what the running version falls back on is kept until that one is found good")
{
  World world;
  world.define("20-boot",
               "MatchPattern=boot-@v.efi",
               "Type=regular-file\nPathRelativeTo=esp\nPath=/EFI/Linux\n"
               "MatchPattern=boot_@v+@l-@d.efi boot_@v.efi\nTriesLeft=3\nTriesDone=0\n"
               "InstancesMax=2");
  const std::string boot = world.root().path() + "/efi/EFI/Linux/";
  world.install("1");
  std::filesystem::rename(boot + "boot_1+3-0.efi", boot + "boot_1.efi"); // found good
  world.install("2");
  world.run_version("2");
  std::filesystem::rename(boot + "boot_2+3-0.efi", boot + "boot_2+2-1.efi"); // booted once
  world.offer("3");
  const std::string before = world.root().read("disk.raw");
  const std::string why = world.update_failure();
  CHECK(why.starts_with("no_space: 10-root: no slot of the type "));
  CHECK(why.find("2 was booted and has not been found good yet") != std::string::npos);
  CHECK(world.root().read("disk.raw") == before);
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2+2-1.efi"});
  updater::vacuum(world.machine.host, {}, 1);
  CHECK(world.slot_holds(1, "1"));

  // Or it took over by a soft-reboot, which no boot loader counts.
  std::filesystem::rename(boot + "boot_2+2-1.efi", boot + "boot_2+3-0.efi");
  updater::note_handed_over(world.machine.host.sys, updater::open_state(world.machine.host), "2");
  CHECK(world.update_failure() == why);

  std::filesystem::rename(boot + "boot_2+3-0.efi", boot + "boot_2.efi"); // found good
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.slot_holds(1, "3"));
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.boot_files() == Strings{"boot_2.efi", "boot_3+3-0.efi"});
}
