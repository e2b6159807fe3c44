// SPDX-License-Identifier: Apache-2.0
// Other programs judge the tables: sfdisk (libfdisk) and sgdisk make them, and check what strake
// made of them.
#include "base/program.hpp"
#include "support/disk_file.hpp"
#include "verity/gpt_disk.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

TEST_SUITE_BEGIN("verity/gpt_judges");

using support::DiskFile;
using verity::GptDisk;
using verity::GptTable;

namespace {

std::string run(std::vector<std::string> argv)
{
  const base::Finished finished = base::ProcessRunner().run({.argv = std::move(argv)});
  REQUIRE_MESSAGE(finished.status == 0, finished.output, finished.errors);
  return finished.output + finished.errors;
}

// A loop device over an image; the sector size of a plain file is always 512 to the judges.
class Loop {
public:
  Loop(const std::string &path, unsigned sector_size)
  {
    base::ProcessRunner runner;
    const base::Finished finished = runner.run(
        {.argv = {
             "losetup", "--find", "--show", "--sector-size", std::to_string(sector_size), path}});
    if (finished.status == 0)
      device_ = finished.output.substr(0, finished.output.find('\n'));
  }

  Loop(const Loop &) = delete;
  Loop &operator=(const Loop &) = delete;

  ~Loop()
  {
    if (!device_.empty())
      base::ProcessRunner().run({.argv = {"losetup", "--detach", device_}});
  }

  [[nodiscard]] const std::string &device() const { return device_; }

private:
  std::string device_;
};

void make_table(const std::string &disk)
{
  run({"sgdisk",
       "--new=1:0:+64K",
       "--typecode=1:8304",
       "--change-name=1:root-1",
       "--new=2:0:+64K",
       "--typecode=2:8304",
       "--change-name=2:_empty",
       "--new=5:0:+32K",
       "--typecode=5:ef00",
       "--change-name=5:ä-🐖",
       "--attributes=2:set:63",
       disk});
}

void check_as_sfdisk_sees_it(const GptTable &table, const std::string &disk)
{
  const auto seen = nlohmann::json::parse(run({"sfdisk", "--json", disk})).at("partitiontable");
  CHECK(seen.at("sectorsize") == table.sector_size);
  CHECK(seen.at("firstlba") == table.first_usable);
  CHECK(seen.at("lastlba") == table.last_usable);
  CHECK(base::Uuid::parse(seen.at("id").get<std::string>()) == table.disk);
  std::size_t used = 0;
  for (const verity::GptEntry &entry : table.entries) {
    if (!entry.used())
      continue;
    const auto &partition = seen.at("partitions").at(used++);
    CHECK(partition.at("start") == entry.first_lba);
    CHECK(partition.at("size") == entry.sectors());
    CHECK(partition.at("name") == entry.label);
    CHECK(base::Uuid::parse(partition.at("type").get<std::string>()) == entry.type);
    CHECK(base::Uuid::parse(partition.at("uuid").get<std::string>()) == entry.unique);
  }
  CHECK(seen.at("partitions").size() == used);
}

void check_judges_agree(const std::string &disk)
{
  CHECK(run({"sfdisk", "--verify", disk}).find("No errors detected") != std::string::npos);
  const std::string verdict = run({"sgdisk", "--verify", disk});
  CHECK_MESSAGE(verdict.find("No problems found") != std::string::npos, verdict);
}

void judge(const std::string &path)
{
  make_table(path);
  base::LinuxSys sys;
  GptDisk disk(sys.open_writable(base::Dir::open_root("/"), path), path);
  GptTable table = disk.table();
  check_as_sfdisk_sees_it(table, path);
  for (const char *label : {"root-2", "root-3"}) {
    table.entry(2).label = label;
    table.entry(2).type = verity::pending_type(table.entry(2).type);
    table.entry(2).unique.bytes[3] ^= 1U;
    table.entry(2).attributes = verity::attribute::read_only | verity::attribute::no_auto;
    disk.commit(sys, table);
    CHECK(disk.read().health == verity::GptHealth::good);
    check_as_sfdisk_sees_it(disk.table(), path);
    check_judges_agree(path);
  }
  // libfdisk writes over a table that strake has moved, and strake reads that.
  run({"sfdisk", "--no-reread", "--no-tell-kernel", "--part-label", path, "2", "by-sfdisk"});
  CHECK(disk.read().health == verity::GptHealth::good);
  CHECK(disk.table().entry(2).label == "by-sfdisk");
  CHECK(disk.table().entry(2).attributes == table.entry(2).attributes);
  check_judges_agree(path);
}

} // namespace

TEST_CASE("sfdisk and sgdisk agree with every table, on an image with sectors of 512 bytes")
{
  const DiskFile file(std::vector<std::byte>(4U << 20U));
  judge(file.path());
}

TEST_CASE("sfdisk and sgdisk agree with every table, on a block device of either sector size")
{
  for (const unsigned sector_size : {512U, 4096U}) {
    CAPTURE(sector_size);
    const DiskFile file(std::vector<std::byte>(16U << 20U));
    const Loop loop(file.path(), sector_size);
    WARN_MESSAGE(!loop.device().empty(), "SKIPPED: this machine gives no loop device");
    if (loop.device().empty())
      continue;
    judge(loop.device());
  }
}
