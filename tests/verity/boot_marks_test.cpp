// SPDX-License-Identifier: Apache-2.0
// cgpt, by which ChromeOS and Flatcar see to such partitions, makes tables and judges ours.
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "base/program.hpp"
#include "support/disk_file.hpp"
#include "support/gpt_image.hpp"
#include "verity/boot_marks.hpp"
#include "verity/gpt_disk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

TEST_SUITE_BEGIN("verity/boot_marks");

using verity::BootMarks;
using verity::GptTable;

namespace {

const base::Uuid usr = base::Uuid::parse("5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6").value();

/// Partitions 1 and up with these marks.
GptTable table_with(const std::vector<BootMarks> &marks)
{
  support::GptShape shape;
  shape.used.clear();
  for (unsigned number = 1; number <= marks.size(); ++number)
    shape.used.push_back(number);
  GptTable table = support::gpt_table(shape);
  for (unsigned number = 1; number <= marks.size(); ++number) {
    table.entry(number).type = usr;
    verity::set_boot_marks(table.entry(number), marks[number - 1]);
  }
  return table;
}

std::string priorities(const GptTable &table)
{
  std::string text;
  for (const verity::GptEntry &entry : table.entries)
    if (entry.used())
      text += fmt::format("{}{}", text.empty() ? "" : " ", verity::boot_marks(entry).priority);
  return text;
}

std::string run(std::vector<std::string> argv)
{
  const base::Finished finished = base::ProcessRunner().run({.argv = std::move(argv)});
  REQUIRE_MESSAGE(finished.status == 0, finished.output, finished.errors);
  return finished.output;
}

std::string cgpt_says(const std::string &disk, unsigned number)
{
  const auto value = [&](const char *option) {
    std::string text = run({"cgpt", "show", "-i", std::to_string(number), option, disk});
    return text.substr(0, text.find('\n'));
  };
  return fmt::format("{} {} {}", value("-P"), value("-T"), value("-S"));
}

} // namespace

TEST_CASE("the marks lie in bits 48 to 56, and all other bits stay")
{
  verity::GptEntry entry;
  entry.attributes = ~std::uint64_t{0};
  verity::set_boot_marks(entry, {.priority = 5, .tries = 10, .is_successful = false});
  CHECK(entry.attributes == 0xfea5ffffffffffffU);
  CHECK(verity::boot_marks(entry) == BootMarks{5, 10, false});
  verity::set_boot_marks(entry, {.priority = 0, .tries = 0, .is_successful = true});
  CHECK(entry.attributes == 0xff00ffffffffffffU);
  CHECK(verity::boot_marks(entry) == BootMarks{0, 0, true});
  CHECK_THROWS_AS(verity::set_boot_marks(entry, {.priority = 16}), base::Error);
  CHECK_THROWS_AS(verity::set_boot_marks(entry, {.tries = 16}), base::Error);
}

TEST_CASE("the loader takes the highest priority that is successful or has a try left")
{
  CHECK(verity::next_to_boot(table_with({{1, 0, true}, {2, 1, false}})) == 2);
  CHECK(verity::next_to_boot(table_with({{1, 0, true}, {2, 0, false}})) == 1);
  CHECK(verity::next_to_boot(table_with({{2, 0, true}, {2, 1, false}})) == 1);
  CHECK(verity::next_to_boot(table_with({{1, 0, true}, {0, 15, true}})) == 1);
  CHECK_FALSE(verity::next_to_boot(table_with({{1, 0, false}, {0, 1, true}})));
  GptTable other = table_with({{1, 0, true}, {2, 0, true}});
  other.entry(2).type = verity::pending_type(usr);
  CHECK(verity::next_to_boot(other) == 1);
}

TEST_CASE("what is put first gets the next priority, and room is made in the order that was")
{
  GptTable table = table_with({{1, 0, true}, {3, 0, true}, {0, 0, false}});
  verity::put_first(table, 1, {.tries = 2});
  CHECK(priorities(table) == "4 3 0");
  CHECK(verity::boot_marks(table.entry(1)) == BootMarks{4, 2, false});

  table = table_with({{15, 0, true}, {3, 1, false}, {3, 0, true}, {0, 0, false}, {9, 0, true}});
  verity::put_first(table, 4, {.tries = 1});
  CHECK(priorities(table) == "14 12 12 15 13");
  CHECK(verity::boot_marks(table.entry(2)) == BootMarks{12, 1, false});

  std::vector<BootMarks> many(1);
  for (unsigned priority = 1; priority <= 15; ++priority)
    many.push_back({priority, 0, true});
  table = table_with(many);
  verity::put_first(table, 1, {.tries = 1});
  CHECK(priorities(table) == "15 1 1 2 3 4 5 6 7 8 9 10 11 12 13 14");
}

TEST_CASE("cgpt and strake read the same marks, whoever wrote them")
{
  const support::DiskFile file(std::vector<std::byte>(4U << 20U));
  const std::string path = file.path();
  run({"cgpt", "create", path});
  run({"cgpt", "boot", "-p", path}); // the protective MBR
  for (const char *number : {"1", "2"})
    run({"cgpt",
         "add",
         "-i",
         number,
         "-b",
         number[0] == '1' ? "64" : "192",
         "-s",
         "128",
         "-t",
         usr.text(),
         "-l",
         "USR",
         "-P",
         number,
         "-T",
         "3",
         "-S",
         number[0] == '1' ? "1" : "0",
         path});
  base::LinuxSys sys;
  verity::GptDisk disk(sys.open_writable(base::Dir::open_root("/"), path), path);
  GptTable table = disk.table();
  CHECK(verity::boot_marks(table.entry(1)) == BootMarks{1, 3, true});
  CHECK(verity::boot_marks(table.entry(2)) == BootMarks{2, 3, false});
  CHECK(verity::next_to_boot(table) == 2);
  verity::put_first(table, 1, {.tries = 7});
  verity::set_boot_marks(table.entry(2), {.priority = 2, .is_successful = true});
  disk.commit(sys, table);
  CHECK(cgpt_says(path, 1) == "3 7 0");
  CHECK(cgpt_says(path, 2) == "2 0 1");
  CHECK(run({"sfdisk", "--verify", path}).find("No errors detected") != std::string::npos);
}

TEST_SUITE_END();
