// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/bless.hpp"
#include "handoff/health.hpp"
#include "handoff/marked_slots.hpp"
#include "support/crash_sweep.hpp"
#include "support/gpt_image.hpp"
#include "support/recorder.hpp"
#include "support/test_host.hpp"
#include "support/thrown.hpp"
#include "updater/history.hpp"
#include "updater/state.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>

TEST_SUITE_BEGIN("handoff/marked_slots");

using base::Kind;
using handoff::Blessing;
using handoff::BootState;
using handoff::MenuEntry;
using support::kind_of;
using verity::BootMarks;

namespace {

constexpr const char *disk_file = "/disk.raw";
const base::Uuid usr = base::Uuid::parse("5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6").value();
const base::Uuid kernel = base::Uuid::parse("fe3a2a5d-4f32-41a7-b725-accc3285a309").value();

struct Part {
  std::string label;
  BootMarks marks;
  base::Uuid type = usr;
};

void change(const base::Dir &root, const std::function<void(verity::GptTable &)> &how)
{
  base::LinuxSys sys;
  verity::GptDisk disk(sys.open_writable(root, disk_file), disk_file);
  verity::GptTable table = disk.table();
  how(table);
  disk.commit(sys, table);
}

void write_disk(const support::TempRoot &root, const std::vector<Part> &parts)
{
  support::GptShape shape{.sectors = 192, .first_usable = 66, .used = {}};
  for (unsigned number = 1; number <= parts.size(); ++number)
    shape.used.push_back(number);
  const auto image = support::gpt_disk(shape);
  root.write(disk_file, std::string(reinterpret_cast<const char *>(image.data()), image.size()));
  change(root.dir(), [&](verity::GptTable &table) {
    for (unsigned number = 1; number <= parts.size(); ++number) {
      verity::GptEntry &entry = table.entry(number);
      entry.type = parts[number - 1].type;
      entry.label = parts[number - 1].label;
      verity::set_boot_marks(entry, parts[number - 1].marks);
    }
  });
}

BootMarks marks_of(const base::Dir &root, unsigned number)
{
  const verity::GptTable table = verity::GptDisk(root.file(disk_file), disk_file).table();
  return verity::boot_marks(table.entry(number));
}

/// A machine without any place for boot files.
class Machine {
public:
  explicit Machine(const std::vector<Part> &parts) { write_disk(host_.root, parts); }

  std::vector<MenuEntry> menu() { return handoff::read_boot_menu(host(), disk_file); }

  /// As "ID STATE", with "*" behind the next and "!" behind what runs.
  std::string lines()
  {
    std::string text;
    for (const MenuEntry &each : menu())
      text += fmt::format("{}{} {}{}{}",
                          text.empty() ? "" : ", ",
                          each.entry.name.id,
                          handoff::name(each.state),
                          each.is_next ? "*" : "",
                          each.is_running ? "!" : "");
    return text;
  }

  handoff::Blessed give(const std::string &id, Blessing blessing)
  {
    return handoff::bless(host(), disk_file, id, blessing);
  }

  /// Zeros, as in an image nothing was ever installed to, or something right at its start.
  void fill(unsigned number, char content)
  {
    const verity::GptTable table = verity::GptDisk(root().dir().file(disk_file), disk_file).table();
    const verity::GptEntry &slot = table.entry(number);
    const std::string bytes(table.length_of(slot), content);
    base::LinuxSys sys;
    sys.write_at(sys.open_writable(root().dir(), disk_file),
                 table.offset_of(slot),
                 std::as_bytes(std::span(bytes)));
  }

  base::Host &host() { return host_.host; }

  support::TempRoot &root() { return host_.root; }

private:
  support::TestHost host_;
};

} // namespace

TEST_CASE("marked partitions are entries in the order in which their loader tries them")
{
  Machine machine({{"USR-A", {1, 0, true}},
                   {"USR-B", {2, 1, false}},
                   {"USR-C", {3, 0, false}},
                   {"_empty", {9, 0, false}},
                   {"KERN", {0, 0, true}, kernel},
                   {"root", {15, 15, true}, verity::pending_type(usr)}});
  CHECK(machine.lines() == "USR-C given-up, USR-B counted*, USR-A good, KERN given-up");
  const auto menu = machine.menu();
  CHECK(menu[1].entry.type == handoff::BootEntryType::marked);
  CHECK(handoff::name(menu[1].entry.type) == "gpt");
  CHECK(menu[1].entry.name.tries->left == 1);
  CHECK(menu[1].file == "partition 2 of /disk.raw");
  CHECK(menu[1].slots.front().number == 2);
  CHECK(menu[1].marks == BootMarks{2, 1, false});
}

TEST_CASE("an empty partition that the loader would take is damaged, and can be taken from it")
{
  Machine machine({{"_empty", {2, 0, true}}, {"USR-A", {1, 0, true}}});
  CHECK(machine.lines() == "_empty damaged*, USR-A good");
  CHECK(kind_of([&] { machine.give("_empty", Blessing::blessed); }) == Kind::config);
  machine.give("_empty", Blessing::unblessed);
  CHECK(machine.lines() == "USR-A good*");
}

TEST_CASE("a partition that nothing was ever written to is empty, whatever its label says")
{
  Machine machine(
      {{"USR-A", {1, 0, true}}, {"USR-B", {0, 0, false}}, {"K", {0, 15, true}, kernel}});
  machine.fill(2, '\0');
  machine.fill(3, '\0');
  CHECK(machine.lines() == "USR-A good*");
  CHECK(kind_of([&] { machine.give("USR-B", Blessing::blessed); }) == Kind::not_found);
  machine.fill(2, 'x');
  CHECK(machine.lines() == "USR-A good*, USR-B given-up");

  machine.fill(2, '\0');
  change(machine.root().dir(),
         [](verity::GptTable &table) { verity::set_boot_marks(table.entry(2), {2, 1, false}); });
  CHECK(machine.lines() == "USR-B damaged*, USR-A good");
  CHECK(machine.menu()[0].faults ==
        std::vector<std::string>{"it holds nothing, and the boot loader may take it"});
}

TEST_CASE("a partition is blank if its first MiB is, and not if it cannot be read")
{
  constexpr std::uint64_t mib = std::uint64_t{1} << 20U;
  constexpr std::uint64_t start = 512;
  const support::TempRoot root({{"disk", std::string(start, 'x')}});
  base::LinuxSys sys;
  const base::Fd disk = sys.open_writable(root.dir(), "disk");
  CHECK(handoff::is_blank(disk, {start, 2 * mib})); // of which nothing is there
  sys.resize(disk, start + 2 * mib);
  CHECK(handoff::is_blank(disk, {start, 2 * mib}));
  CHECK_FALSE(handoff::is_blank(disk, {start - 1, 2 * mib}));
  const auto put = [&](std::uint64_t at, char content) {
    sys.write_at(disk, start + at, std::as_bytes(std::span(&content, 1)));
  };
  for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{64} * 1024, mib - 1}) {
    put(at, 'x');
    CHECK_FALSE(handoff::is_blank(disk, {start, 2 * mib}));
    CHECK(handoff::is_blank(disk, {start, at}));
    put(at, '\0');
  }
  put(mib, 'x');
  CHECK(handoff::is_blank(disk, {start, 2 * mib}));
  CHECK_FALSE(handoff::is_blank(root.dir().fd(), {0, mib}));
}

TEST_CASE("the version is what a transfer makes of the label, and what os-release has runs")
{
  Machine machine({{"usr_2", {2, 0, false}}, {"usr_1", {1, 0, true}}, {"USR-B", {0, 0, false}}});
  machine.root().write("etc/os-release", "ID=os\nIMAGE_VERSION=2\n");
  const std::string path = "etc/sysupdate.d/10-usr.transfer";
  machine.root().write(
      path,
      fmt::format("[Source]\nType=regular-file\nPath=/source\nMatchPattern=usr-@v\n[Target]\n"
                  "Type=partition\nPath=/disk.raw\nMatchPattern=usr_@v\nMatchPartitionType={}\n",
                  usr.text()));
  CHECK(machine.menu()[0].entry.version == "2");
  CHECK(machine.menu()[2].entry.version == "USR-B");
  CHECK(machine.lines() == "usr_2 given-up!, usr_1 good*, USR-B given-up");

  SUBCASE("definitions that cannot be read leave the label")
  {
    machine.root().write(path, "[Source\n");
    CHECK(machine.menu()[0].entry.version == "usr_2");
  }
}

TEST_CASE("partitions of one label are told apart by their UUIDs")
{
  Machine machine({{"USR", {2, 0, true}}, {"USR", {1, 0, true}}});
  const auto menu = machine.menu();
  CHECK(menu[0].entry.name.id != menu[1].entry.name.id);
  CHECK(base::Uuid::parse(menu[0].entry.name.id));
}

TEST_CASE("a boot file that can be taken is next, and the partitions come after the files")
{
  Machine machine({{"USR-A", {1, 0, true}}});
  machine.root().write("efi/loader/entries/os.conf", "title The system\nlinux /vmlinuz\n");
  machine.root().write("efi/vmlinuz", "content");
  CHECK(machine.lines() == "os.conf good*, USR-A good");
  std::filesystem::remove(machine.root().path() + "/efi/vmlinuz");
  CHECK(machine.lines() == "os.conf damaged, USR-A good*");
}

TEST_CASE("a machine with neither has no boot entries")
{
  Machine machine({{"root", {1, 0, true}, verity::partial_type(usr)}});
  CHECK(kind_of([&] { machine.menu(); }) == Kind::not_found);
}

TEST_CASE("bless makes a partition successful, unbless has the loader pass it over")
{
  Machine machine({{"USR-A", {2, 0, true}}, {"USR-B", {3, 1, false}}});
  const handoff::Blessed done = machine.give("USR-B", Blessing::blessed);
  CHECK(done.before == "USR-B (priority 3, 1 try left)");
  CHECK(done.file == "USR-B (priority 3, successful)");
  CHECK(marks_of(machine.root().dir(), 2) == BootMarks{3, 0, true});
  CHECK_FALSE(machine.give("USR-B", Blessing::blessed).has_changed());

  machine.give("USR-B", Blessing::unblessed);
  CHECK(marks_of(machine.root().dir(), 2) == BootMarks{});
  CHECK(marks_of(machine.root().dir(), 1) == BootMarks{2, 0, true});
  CHECK(machine.lines() == "USR-A good*, USR-B given-up");
  CHECK(kind_of([&] { machine.give("USR-A", Blessing::unblessed); }) == Kind::usage);
  CHECK(marks_of(machine.root().dir(), 1) == BootMarks{2, 0, true});

  machine.give("USR-B", Blessing::blessed);
  CHECK(marks_of(machine.root().dir(), 2) == BootMarks{1, 0, true});
  const auto history = updater::read_history(updater::open_state(machine.host()));
  REQUIRE(history.size() == 3);
  CHECK(history.front().outcome == "blessed");
  CHECK(history.front().detail ==
        "USR-B (priority 3, 1 try left) is now USR-B (priority 3, successful)");
}

TEST_CASE("a system on trial in a partition goes back if another one can boot")
{
  Machine machine({{"1", {1, 0, true}}, {"2", {2, 0, false}}});
  machine.root().write("etc/os-release", "ID=os\nIMAGE_VERSION=2\n");
  CHECK(handoff::reason_to_stay(machine.menu()) == "");
  machine.give("", Blessing::blessed);
  CHECK(handoff::reason_to_stay(machine.menu()) ==
        "partition 2 of /disk.raw was found good before, and is not on trial");
}

TEST_CASE("a verdict on a partition can be cut at any moment")
{
  const support::TempRoot root(support::Storage::memory, {{"var/lib/strake/", ""}});
  write_disk(root, {{"USR-A", {1, 0, true}}, {"USR-B", {2, 1, false}}});
  const auto bless = [](base::Sys &sys, const base::Dir &dir) {
    support::TestHost other;
    const base::Host host{.sys = sys,
                          .programs = other.programs,
                          .fetcher = other.fetcher,
                          .clock = other.clock,
                          .log = [](base::Level, std::string_view) {},
                          .environment = {},
                          .root = dir.again(),
                          .machine = dir.again(),
                          .is_running_system = false};
    handoff::bless(host, disk_file, "USR-B", Blessing::blessed);
  };
  support::Recorder recorder(root.dir(), {});
  bless(recorder, root.dir());
  const auto boots = [&](const base::Dir &dir, support::Finished finished) -> std::string {
    const verity::GptState state = verity::GptDisk(dir.file(disk_file), disk_file).read();
    if (!state.primary.table)
      return "the kernel sees no partitions";
    if (verity::next_to_boot(*state.primary.table) != 2)
      return "the loader takes another one";
    const bool is_blessed = marks_of(dir, 2).is_successful;
    if (finished == support::Finished::yes && !is_blessed)
      return "it was said to be blessed, but is not";
    base::LinuxSys sys;
    bless(sys, dir);
    return marks_of(dir, 2) == BootMarks{2, 0, true} && marks_of(dir, 1) == BootMarks{1, 0, true}
               ? ""
               : "the next run does not finish it";
  };
  const auto result = support::sweep(recorder.recording(), boots, {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states > 10);
}

TEST_SUITE_END();
