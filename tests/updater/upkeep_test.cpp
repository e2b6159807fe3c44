// SPDX-License-Identifier: Apache-2.0
#include "update_setting.hpp"
#include "updater/cleanup.hpp"
#include "updater/history.hpp"
#include "updater/policy.hpp"
#include "updater/repair.hpp"
#include "updater/rollback.hpp"
#include "updater/state.hpp"
#include "updater/vacuum.hpp"

// What is done to versions that are there: rollback, repair, vacuum, cleanup, and decisions.
TEST_SUITE_BEGIN("updater/upkeep");

using updater::Finding;
using updater::Outcome;
using updater::Policy;
using Strings = std::vector<std::string>;

namespace {

base::Dir state_of(World &world)
{
  return updater::open_state(world.machine.host);
}

void damage_slot(World &world, unsigned number)
{
  const verity::GptTable table = world.table();
  std::string disk = world.root().read("disk.raw");
  disk[table.offset_of(table.entry(number)) + 10] ^= 1;
  world.root().write("disk.raw", disk);
}

Strings findings(World &world, updater::Demote mode)
{
  constexpr std::array words = {"whole", "unknown", "damaged", "demoted"};
  Strings result;
  for (const Finding &each : updater::repair(world.machine.host, {}, mode))
    result.push_back(fmt::format(
        "{} {} {}", each.transfer, each.version, words.at(static_cast<std::size_t>(each.state))));
  return result;
}

Policy change(World &world, const std::function<Policy(Policy)> &how)
{
  return updater::change_policy(world.machine.host, "", "change", "", how);
}

} // namespace

TEST_CASE("a rollback takes newer versions out of effect, keeps their bytes, and sticks")
{
  World world;
  world.install("1");
  world.install("2");
  world.run_version("2");
  const updater::RollbackPlan plan = updater::rollback(world.machine.host, {}, "1");
  CHECK(plan.version == "1");
  CHECK(plan.withdrawn == Strings{"2"});
  CHECK(world.boot_files() == Strings{".sysupdate.pending.boot_2.efi", "boot_1.efi"});
  CHECK(world.slot_holds(2, "2")); // it is running from there

  CHECK(world.update().outcome == Outcome::nothing_newer);
  CHECK(world.boot_files() == Strings{".sysupdate.pending.boot_2.efi", "boot_1.efi"});

  SUBCASE("what it goes back to is kept before the reboot, too")
  {
    world.offer("3");
    CHECK(world.update_failure().starts_with("no_space: 10-root: no slot of the type "));
    CHECK(world.slot_holds(1, "1"));
    CHECK(world.boot_files() == Strings{".sysupdate.pending.boot_2.efi", "boot_1.efi"});
  }
  SUBCASE("after the reboot the slot may become pending, and still nothing comes back")
  {
    world.run_version("1");
    CHECK(world.update().outcome == Outcome::nothing_newer);
    CHECK(world.slot(2) == "root-2 (pending)");
    CHECK(world.slot_holds(1, "1"));
  }
  SUBCASE("a newer version than the one left behind is installed")
  {
    world.run_version("1");
    world.install("3");
    CHECK(world.slot_holds(1, "1"));
    CHECK(world.slot_holds(2, "3"));
  }
  SUBCASE("asking for the version by name brings it back without fetching it")
  {
    world.machine.fetcher.asked.clear();
    CHECK(world.update_to("2").outcome == Outcome::installed);
    CHECK(world.machine.fetcher.asked == Strings{World::url("SHA256SUMS")});
    CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
    CHECK(world.list().front() == "2 current");
  }
}

TEST_CASE("a rollback that an update went beyond takes nothing out of effect any more")
{
  World world(3);
  world.install("1");
  world.install("2");
  world.run_version("2");
  updater::rollback(world.machine.host, {}, "1");
  world.run_version("1");
  world.install("3");
  world.run_version("3");
  SUBCASE("whatever is skipped later")
  {
    CHECK(updater::read_policy(state_of(world), "").rolled_back_to.empty());
    change(world, [](Policy policy) {
      policy.skipped.emplace_back("3");
      return policy;
    });
  }
  SUBCASE("even if nobody noted that it is over, once what it went back to is gone")
  {
    std::filesystem::remove(world.root().path() + "/efi/EFI/Linux/boot_1.efi");
    change(world, [](Policy policy) {
      policy.rolled_back_to = "1";
      policy.skipped.emplace_back("3");
      return policy;
    });
  }
  CHECK(world.update().outcome == Outcome::nothing_newer);
  const Strings boot = world.boot_files();
  CHECK(std::find(boot.begin(), boot.end(), "boot_3.efi") != boot.end());
}

TEST_CASE("a rollback goes to what is installed as a whole, and to nothing else")
{
  World world;
  world.install("1");
  world.install("2");
  std::filesystem::remove(world.root().path() + "/efi/EFI/Linux/boot_1.efi");
  const auto to = [&](const std::string &version) {
    return World::failure([&] { updater::rollback(world.machine.host, {}, version); });
  };
  CHECK(to("7") ==
        "not_found: version 7 is not installed; \"strake list --offline\" shows what is");
  CHECK(to("1") == "not_found: version 1 is installed+incomplete, so the machine cannot go back to "
                   "it; \"strake update 1\" makes it whole");
  CHECK(world.boot_files() == Strings{"boot_2.efi"});
}

TEST_CASE("a rollback that was decided and then cut is carried out by the next run")
{
  World world;
  world.install("1");
  world.install("2");
  updater::write_policy(world.machine.host.sys,
                        state_of(world),
                        "",
                        {.pin = "", .hold = false, .skipped = {"2"}, .rolled_back_to = "1"});
  CHECK(world.update().outcome == Outcome::nothing_newer);
  CHECK(world.boot_files() == Strings{".sysupdate.pending.boot_2.efi", "boot_1.efi"});
  CHECK(world.slot(2) == "root-2 (pending)");
}

TEST_CASE("foreseeing a rollback changes nothing")
{
  World world;
  world.install("1");
  world.install("2");
  CHECK(updater::foresee_rollback(world.machine.host, {}, "1").withdrawn == Strings{"2"});
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
  CHECK(updater::read_policy(state_of(world), "") == Policy{});
}

TEST_CASE("holds, pins and skips keep an update from happening until they are lifted")
{
  World world;
  world.install("1");
  world.offer("2");
  world.offer("3");
  SUBCASE("hold")
  {
    change(world, [](Policy policy) {
      policy.hold = true;
      return policy;
    });
    CHECK(world.update().outcome == Outcome::nothing_newer);
  }
  SUBCASE("pin")
  {
    change(world, [](Policy policy) {
      policy.pin = "2";
      return policy;
    });
    CHECK(world.update().version == "2");
    CHECK(world.update().outcome == Outcome::nothing_newer);
  }
  SUBCASE("skip")
  {
    change(world, [](Policy policy) {
      policy.skipped = {"3"};
      return policy;
    });
    CHECK(world.update().version == "2");
  }
  change(world, [](const Policy &) { return Policy{}; });
  CHECK(world.update().version == "3");
}

TEST_CASE("a pin to an older version on offer is followed")
{
  World world;
  world.install("2");
  world.offer("1");
  change(world, [](Policy policy) {
    policy.pin = "1";
    return policy;
  });
  CHECK(world.update().version == "1");
  CHECK(world.slot_holds(2, "1"));
}

TEST_CASE("a policy that cannot be understood stops an update instead of being forgotten")
{
  World world;
  world.install("1");
  world.offer("2");
  const auto with = [&](const std::string &text) {
    world.root().write("var/lib/strake/policy.json", text);
    return world.update_failure();
  };
  CHECK(with("{ \"pin\": ")
            .find("policy.json is not the JSON object it should be; correct it, or "
                  "delete it to forget every pin, hold and skip") != std::string::npos);
  CHECK(with("[]").starts_with("config: "));
  CHECK(with("{\"hold\": \"yes\"}").find("policy.json has a field of the wrong type") !=
        std::string::npos);
  CHECK(with("{\"skipped\": [1]}").starts_with("config: "));
  CHECK(world.slot(2) == "_empty");
}

TEST_CASE("repair finds damage, demotes it, and the next update heals it")
{
  World world;
  world.install("1");
  world.install("2");
  damage_slot(world, 2);
  CHECK(findings(world, updater::Demote::no) ==
        Strings{"10-root 2 damaged", "10-root 1 whole", "20-boot 2 whole", "20-boot 1 whole"});
  CHECK(world.slot(2) == "root-2");
  CHECK(findings(world, updater::Demote::yes).front() == "10-root 2 demoted");
  CHECK(world.slot(2) == "root-2 (partial)");
  CHECK(world.boot_files() == Strings{"boot_1.efi"});
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
  CHECK(world.slot_holds(1, "1"));
}

TEST_CASE("repair only reports damage of what a version on trial falls back on")
{
  World world;
  world.install("1");
  world.install("2");
  world.run_version("2");
  updater::rollback(world.machine.host, {}, "1"); // the next boot leads to 1
  damage_slot(world, 1);
  const Strings found = findings(world, updater::Demote::yes);
  CHECK(std::find(found.begin(), found.end(), "10-root 1 damaged") != found.end());
  CHECK(world.slot(1) == "root-1");
  CHECK(world.boot_files() == Strings{".sysupdate.pending.boot_2.efi", "boot_1.efi"});
}

TEST_CASE("repair knows nothing of a slot whose file system is grown at its first boot")
{
  World world;
  world.define("10-root",
               "MatchPattern=root-@v.raw",
               "Type=partition\nPath=/disk.raw\nMatchPattern=root-@v\n"
               "MatchPartitionType=root-x86-64\nPartitionGrowFileSystem=yes");
  world.install("1");
  world.install("2");
  world.run_version("2");
  damage_slot(world, 1);
  const Strings found = findings(world, updater::Demote::yes);
  CHECK(std::find(found.begin(), found.end(), "10-root 1 unknown") != found.end());
  CHECK(world.slot(1) == "root-1");
}

TEST_CASE("repair only reports damage of the running version")
{
  World world;
  world.install("1");
  world.run_version("1");
  damage_slot(world, 1);
  CHECK(findings(world, updater::Demote::yes).front() == "10-root 1 damaged");
  CHECK(world.slot(1) == "root-1");
  CHECK(world.boot_files() == Strings{"boot_1.efi"});
}

TEST_CASE("repair takes a boot file of another length as damaged, and what it did not write as "
          "unknown")
{
  World world;
  world.install("1");
  world.install("2");
  world.root().write("efi/EFI/Linux/boot_2.efi", "short");
  std::filesystem::remove(world.root().path() + "/var/lib/strake/contents.json");
  CHECK(findings(world, updater::Demote::no).back() == "20-boot 1 unknown");
  world.install("3");
  world.root().write("efi/EFI/Linux/boot_3.efi", "short");
  CHECK(findings(world, updater::Demote::yes)[2] == "20-boot 3 demoted");
}

TEST_CASE("repair makes the two copies of the partition table equal again")
{
  World world;
  world.install("1");
  std::string disk = world.root().read("disk.raw");
  disk.replace(disk.size() - 512, 512, std::string(512, '\0'));
  world.root().write("disk.raw", disk);
  updater::repair(world.machine.host, {}, updater::Demote::yes);
  const verity::GptDisk mended(world.machine.host.root.file("/disk.raw"), "disk");
  CHECK(mended.read().backup.table.has_value());
}

TEST_CASE("a boot file that a power cut left empty is removed and brought anew")
{
  World world;
  world.install("1");
  world.install("2");
  world.root().write("efi/EFI/Linux/boot_2.efi", "");
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.root().read("efi/EFI/Linux/boot_2.efi") == World::payload("boot-2.efi"));
}

TEST_CASE("a vacuum removes what was begun and the oldest versions, never the running one")
{
  World world;
  world.install("1");
  world.install("2");
  world.run_version("1");
  world.root().write("efi/EFI/Linux/.sysupdate.partial.boot_3.efi", "half");
  world.root().write("efi/EFI/Linux/boot_0.efi", "old");
  const updater::Vacuumed would = updater::foresee_vacuum(world.machine.host, {}, std::nullopt);
  CHECK(would.removed.instances == 2);
  CHECK(world.root().exists("efi/EFI/Linux/boot_0.efi"));
  updater::vacuum(world.machine.host, {}, std::nullopt);
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
  updater::vacuum(world.machine.host, {}, 1);
  CHECK(world.boot_files() == Strings{"boot_1.efi"});
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.slot(2) == "_empty");
  CHECK(updater::vacuum(world.machine.host, {}, 1).removed.instances == 0);
  CHECK(world.has_said("Found nothing to remove."));
}

TEST_CASE("what older tools left unfinished is removed from target directories, unless told not to")
{
  World world;
  world.install("1");
  const auto litter = [&] {
    world.root().write("efi/EFI/Linux/.#sysupdateboot_2.efi0123456789abcdef", "half");
    world.root().write("efi/EFI/Linux/.#tree/inner/file", "half");
    world.root().write("efi/EFI/Linux/#.not", "kept");
  };
  litter();
  SUBCASE("by a vacuum, which can foresee it")
  {
    const std::string folder = world.root().path() + "/efi/EFI/Linux";
    CHECK(updater::foresee_vacuum(world.machine.host, {}, {}).leftovers ==
          Strings{folder + "/.#sysupdateboot_2.efi0123456789abcdef", folder + "/.#tree"});
    updater::vacuum(world.machine.host, {}, {});
    CHECK(world.boot_files() == Strings{"#.not", "boot_1.efi"});
  }
  SUBCASE("by an update")
  {
    world.install("2");
    CHECK(world.boot_files() == Strings{"#.not", "boot_1.efi", "boot_2.efi"});
  }
  SUBCASE("not where RemoveTemporary=no says so")
  {
    world.root().write("etc/sysupdate.d/20-boot.transfer.d/keep.conf",
                       "[Target]\nRemoveTemporary=no\n");
    updater::vacuum(world.machine.host, {}, {});
    world.install("2");
    CHECK(world.boot_files().size() == 5);
  }
}

TEST_CASE("a vacuum leaves other programs' files alone")
{
  World world;
  world.install("1");
  world.root().write("efi/EFI/Linux/.other", "");
  world.root().write("efi/EFI/Linux/boot.efi", "");
  updater::vacuum(world.machine.host, {}, 1);
  CHECK(world.boot_files() == Strings{".other", "boot.efi", "boot_1.efi"});
}

TEST_CASE("cleanup removes files that were installed by a transfer that is gone, and no others")
{
  World world;
  world.define("30-extra",
               "MatchPattern=extra-@v.bin",
               "Type=regular-file\nPath=/opt\nMatchPattern=extra_@v.bin");
  world.serve("extra-1.bin", World::payload("extra-1.bin"));
  world.install("1");
  world.root().write("opt/extra.txt", "");
  CHECK(updater::foresee_cleanup(world.machine.host, {}).empty());
  std::filesystem::remove(world.root().path() + "/etc/sysupdate.d/30-extra.transfer");
  CHECK(updater::foresee_cleanup(world.machine.host, {}) ==
        Strings{world.root().path() + "/opt/extra_1.bin"});
  CHECK(updater::cleanup(world.machine.host, {}) == 1);
  CHECK(world.names_in("opt") == Strings{"extra.txt"});
  CHECK(world.boot_files() == Strings{"boot_1.efi"});
  CHECK(updater::cleanup(world.machine.host, {}) == 0);
}

TEST_CASE("cleanup finds a file by each pattern that its transfer had, not only by the first")
{
  World world;
  world.define(
      "30-app",
      "MatchPattern=root-@v.raw",
      "Type=regular-file\nPath=/apps\nMatchPattern=app_@v+@l-@d.raw app_@v.raw\nTriesLeft=3");
  world.install("1");
  const std::string apps = world.root().path() + "/apps/";
  std::filesystem::rename(apps + "app_1+3-0.raw", apps + "app_1.raw"); // it was found good
  std::filesystem::remove(world.root().path() + "/etc/sysupdate.d/30-app.transfer");
  CHECK(updater::cleanup(world.machine.host, {}) == 1);
  CHECK(world.names_in("apps").empty());
}

TEST_CASE("when a feature is switched off an update removes what it installed")
{
  World world;
  world.root().write("etc/sysupdate.d/extra.feature", "[Feature]\nEnabled=yes\n");
  world.define("30-extra",
               "MatchPattern=extra-@v.bin",
               "Type=regular-file\nPath=/opt\nMatchPattern=extra_@v.bin",
               "Features=extra");
  world.serve("extra-1.bin", World::payload("extra-1.bin"));
  world.install("1");
  CHECK(world.names_in("opt") == Strings{"extra_1.bin"});
  world.root().write("etc/sysupdate.d/extra.feature", "[Feature]\nEnabled=no\n");
  world.install("2");
  CHECK(world.names_in("opt").empty());
}

TEST_CASE("the history keeps what happened, and passes over lines it cannot read")
{
  support::TestHost machine;
  const base::Dir state = updater::open_state(machine.host);
  const auto put = [&](const std::string &version) {
    updater::Event event;
    event.action = "update";
    event.version = version;
    event.outcome = "installed";
    event.detail = "a \"quoted\"\nline";
    updater::record(machine.host, state, event);
  };
  put("1");
  put("2");
  auto events = updater::read_history(state);
  REQUIRE(events.size() == 2);
  CHECK(events[1].version == "2");
  CHECK(events[1].detail == "a \"quoted\"\nline");
  machine.root.write("var/lib/strake/history.jsonl",
                     machine.root.read("var/lib/strake/history.jsonl") + "{\"time\": 9, \"act");
  CHECK(updater::read_history(state).size() == 2);
  put("3");
  events = updater::read_history(state);
  REQUIRE(events.size() == 3);
  CHECK(events[2].version == "3");
}

TEST_CASE("an event is of the time in which it is noted")
{
  support::TestHost machine;
  machine.clock.time = std::chrono::sys_seconds(std::chrono::seconds(70));
  updater::note(machine.host, {.action = "health", .outcome = "bad"});
  const auto events = updater::read_history(updater::open_state(machine.host));
  REQUIRE(events.size() == 1);
  CHECK(events[0].time == 70);
  CHECK(events[0].action == "health");
}

TEST_CASE("what is no news of a component and an action is not noted again")
{
  const support::TestHost machine;
  const auto count = [&](const std::string &component, const std::string &version) {
    updater::note_news(
        machine.host,
        {.action = "check", .component = component, .version = version, .outcome = "available"});
    return updater::read_history(updater::open_state(machine.host)).size();
  };
  CHECK(count("", "2") == 1);
  CHECK(count("", "2") == 1);
  CHECK(count("docker", "2") == 2);
  updater::note(machine.host, {.action = "update", .version = "2", .outcome = "failed"});
  CHECK(count("", "2") == 3);
  CHECK(count("", "3") == 4);
  CHECK(count("", "2") == 5);
}

TEST_CASE("the history keeps the newest thousand events")
{
  support::TestHost machine{support::Storage::memory};
  const base::Dir state = updater::open_state(machine.host);
  std::string lines;
  for (int number = 0; number < 1200; ++number)
    lines += fmt::format("{{\"time\":{},\"version\":\"{}\"}}\n", number, number);
  machine.root.write("var/lib/strake/history.jsonl", lines);
  updater::record(machine.host, state, {.version = "1200"});
  const auto events = updater::read_history(state);
  REQUIRE(events.size() == 1000);
  CHECK(events.front().version == "201");
  CHECK(events.back().version == "1200");
}

TEST_CASE("a record of an attempt that cannot be read counts as none")
{
  World world;
  world.install("1");
  for (const std::string text : {"", "{", "[]", "{\"version\": 7}", "{\"version\": \"\"}"}) {
    world.root().write("var/lib/strake/attempt.json", text);
    CHECK(world.list() == Strings{"1 current"});
  }
}
