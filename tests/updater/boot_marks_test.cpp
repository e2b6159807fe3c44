// SPDX-License-Identifier: Apache-2.0
// Slots whose boot loader goes by marks in the partition table, on a machine without boot files.
#include "update_setting.hpp"
#include "updater/rollback.hpp"
#include "updater/vacuum.hpp"
#include "verity/boot_marks.hpp"

TEST_SUITE_BEGIN("updater/boot_marks");

using updater::Outcome;
using Strings = std::vector<std::string>;

namespace {

constexpr const char *usr_type = "5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6";

class Marked : public World {
public:
  explicit Marked(const std::string &tries = "") : World(3)
  {
    set_slot_types(base::Uuid::parse(usr_type).value());
    std::filesystem::remove(root().path() + "/etc/sysupdate.d/20-boot.transfer");
    define("10-root",
           "MatchPattern=root-@v.raw",
           fmt::format("Type=partition\nPath=/disk.raw\nMatchPattern=root-@v\n"
                       "MatchPartitionType={}\n{}",
                       usr_type,
                       tries));
  }

  /// As "LABEL PRIORITY TRIES SUCCESSFUL", of the slots of that type, in disk order.
  Strings marks() const
  {
    Strings lines;
    for (const verity::GptEntry &entry : table().entries)
      if (entry.used() && verity::has_boot_marks(entry.type)) {
        const verity::BootMarks marks = verity::boot_marks(entry);
        lines.push_back(fmt::format("{} {} {} {}",
                                    entry.label,
                                    marks.priority,
                                    marks.tries,
                                    marks.is_successful ? "yes" : "no"));
      }
    return lines;
  }

  void mark(unsigned number, const verity::BootMarks &marks)
  {
    verity::GptTable changed = table();
    verity::set_boot_marks(changed.entry(number), marks);
    verity::GptDisk disk(machine.sys.open_writable(machine.root.dir(), "disk.raw"), "disk.raw");
    disk.commit(machine.sys, changed);
  }
};

} // namespace

TEST_CASE("what is installed comes first in the loader's order, with one try")
{
  Marked world;
  world.install("1");
  CHECK(world.marks() == Strings{"root-1 1 1 no", "_empty 0 0 no", "_empty 0 0 no"});
  world.mark(1, {.priority = 15, .is_successful = true});
  world.run_version("1");
  world.install("2");
  CHECK(world.marks() == Strings{"root-1 14 0 yes", "root-2 15 1 no", "_empty 0 0 no"});
}

TEST_CASE("TriesLeft= says how many tries, and what does not fit is refused")
{
  Marked world("TriesLeft=15");
  world.install("1");
  CHECK(world.marks().front() == "root-1 1 15 no");
  for (const std::string tries : {"0", "16"}) {
    Marked wrong("TriesLeft=" + tries);
    wrong.offer("1");
    const std::string said = wrong.update_failure();
    CHECK_MESSAGE(
        said.find("TriesLeft=" + tries + ": a partition of this type has room for 1 to 15 tries") !=
            std::string::npos,
        said);
  }
}

TEST_CASE("what is only acquired has no priority, whatever its flags say")
{
  Marked world("PartitionFlags=0x01ff000000000000");
  world.offer("1");
  world.acquire();
  const verity::GptEntry entry = world.table().entry(1);
  CHECK(entry.label == "root-1");
  CHECK_FALSE(verity::has_boot_marks(entry.type));
  CHECK(verity::boot_marks(entry) == verity::BootMarks{});
  world.update();
  CHECK(world.marks().front() == "root-1 1 1 no");
}

TEST_CASE("a slot that is emptied loses its marks, and the loader does not take it")
{
  Marked world;
  world.install("1");
  world.mark(1, {.priority = 1, .is_successful = true});
  world.install("2");
  world.mark(2, {.priority = 2, .is_successful = true});
  world.run_version("2");
  updater::vacuum(world.machine.host, {}, std::uint64_t{1});
  CHECK(world.marks() == Strings{"_empty 0 0 no", "root-2 2 0 yes", "_empty 0 0 no"});
}

TEST_CASE("an update keeps the last good version while what runs is on trial by its marks")
{
  Marked world;
  world.install("1");
  world.mark(1, {.priority = 1, .is_successful = true});
  world.install("2");
  world.install("3");
  world.mark(3, {.priority = 3, .tries = 0}); // the loader has used up the try for this boot
  world.run_version("3");
  world.install("4");
  CHECK(world.marks() == Strings{"root-1 1 0 yes", "root-4 4 1 no", "root-3 3 0 no"});
}

TEST_CASE("a rollback makes the earlier version first again, and stays")
{
  Marked world;
  world.install("1");
  world.mark(1, {.priority = 1, .is_successful = true});
  world.install("2");
  world.mark(2, {.priority = 2, .is_successful = true});
  world.run_version("2");
  updater::rollback(world.machine.host, {}, "1");
  CHECK(world.marks() == Strings{"root-1 3 0 yes", "root-2 2 0 yes", "_empty 0 0 no"});
  CHECK(world.update().outcome == Outcome::nothing_newer);
  CHECK(world.marks().front() == "root-1 3 0 yes");

  SUBCASE("what the loader gives up then is not put first again")
  {
    world.mark(1, {.priority = 3, .tries = 0});
    world.update();
    CHECK(world.marks().front() == "root-1 3 0 no");
  }
  SUBCASE("after the reboot the newer one is pending, and comes first when it is asked for")
  {
    world.run_version("1");
    world.update();
    CHECK(world.marks() == Strings{"root-1 3 0 yes", "_empty 0 0 no"});
    CHECK(world.update_to("2").outcome == Outcome::installed);
    CHECK(world.marks() == Strings{"root-1 3 0 yes", "root-2 4 1 no", "_empty 0 0 no"});
  }
}

TEST_CASE("a rollback to a version that was given up has it tried anew")
{
  Marked world("TriesLeft=2");
  world.install("1");
  world.mark(1, {.priority = 1, .tries = 0});
  world.install("2");
  world.mark(2, {.priority = 2, .is_successful = true});
  world.run_version("2");
  updater::rollback(world.machine.host, {}, "1");
  CHECK(world.marks() == Strings{"root-1 3 2 no", "root-2 2 0 yes", "_empty 0 0 no"});
}

TEST_SUITE_END();
