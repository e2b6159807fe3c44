// SPDX-License-Identifier: Apache-2.0
// A machine whose loader goes by marks in the partition table, and has nothing else to go by: cut
// at any moment of an update and of a rollback it takes a version that is whole.
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "crash/machine.hpp"
#include "support/gpt_image.hpp"
#include "updater/rollback.hpp"
#include "updater/update.hpp"
#include "verity/boot_marks.hpp"
#include "verity/gpt_disk.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/boot_marks");

using base::Dir;
using support::Finished;

namespace {

constexpr const char *usr_type = "5dfbf5f4-2848-4bac-aa5e-0d9a20b745a6";

void update(const base::Host &host)
{
  updater::update(host, {});
}

void roll_back(const base::Host &host)
{
  updater::rollback(host, {}, "1");
}

verity::GptTable table_of(const Dir &root)
{
  const verity::GptState state = verity::GptDisk(root.file("disk"), "disk").read();
  if (!state.primary.table)
    base::fail(base::Kind::config, "the kernel sees no partitions: {}", state.primary.refusal);
  return *state.primary.table;
}

void change(const Dir &root, const std::function<void(verity::GptTable &)> &how)
{
  base::LinuxSys sys;
  verity::GptDisk disk(sys.open_writable(root, "disk"), "disk");
  verity::GptTable table = disk.table();
  how(table);
  disk.commit(sys, table);
}

/// The next boot was good.
void boot_well(const Dir &root)
{
  change(root, [](verity::GptTable &table) {
    verity::GptEntry &entry = table.entry(verity::next_to_boot(table).value());
    verity::BootMarks marks = verity::boot_marks(entry);
    marks.is_successful = true;
    marks.tries = 0;
    verity::set_boot_marks(entry, marks);
  });
}

void offer(const support::TempRoot &root, const std::string &version)
{
  root.write("source/usr-" + version + ".raw", crash::content("root", version));
}

/// Two slots, and these versions installed one after the other, each found good.
void fill(const support::TempRoot &root, const std::vector<std::string> &versions)
{
  const auto image = support::gpt_disk({.sectors = 192, .first_usable = 66, .used = {1, 2}});
  root.write("disk", std::string(reinterpret_cast<const char *>(image.data()), image.size()));
  root.write("proc/sys/kernel/random/boot_id", "the first boot\n");
  root.write("var/lib/", "");
  root.write("etc/sysupdate.d/10-usr.transfer",
             fmt::format("[Source]\nType=regular-file\nPath=/source\nMatchPattern=usr-@v.raw\n"
                         "[Target]\nType=partition\nPath=/disk\nMatchPattern=usr_@v\n"
                         "MatchPartitionType={}\n",
                         usr_type));
  change(root.dir(), [](verity::GptTable &table) {
    for (const unsigned number : {1U, 2U}) {
      table.entry(number).type = base::Uuid::parse(usr_type).value();
      table.entry(number).label = "_empty";
    }
  });
  base::LinuxSys sys;
  for (const std::string &version : versions) {
    offer(root, version);
    crash::run_on(root.dir(), sys, update);
    boot_well(root.dir());
  }
}

support::Recording record(const support::TempRoot &root, const crash::Verb &verb)
{
  support::Recorder recorder(root.dir(), crash::layout());
  crash::run_on(root.dir(), recorder, verb);
  return recorder.recording();
}

/// What a loader takes, if it is whole; else why it is not, with "?" in front.
std::string boots(const Dir &root)
{
  const verity::GptTable table = table_of(root);
  const auto next = verity::next_to_boot(table);
  if (!next)
    return "? nothing boots";
  const verity::GptEntry &entry = table.entry(*next);
  const std::string version = entry.label.substr(std::min<std::size_t>(4, entry.label.size()));
  const std::string expected = crash::content("root", version);
  std::string found(expected.size(), '\0');
  base::read_at(
      root.file("disk"), table.offset_of(entry), std::as_writable_bytes(std::span(found)));
  return found == expected ? version : "? it boots " + entry.label + ", which is not whole";
}

/// The old or the new at each instant, the new at the end, and after the next run.
support::Oracle keeps(const std::string &old, const std::string &next, const crash::Verb &verb)
{
  return [=](const Dir &root, Finished finished) -> std::string {
    const std::string now = boots(root);
    if (now != next && (now != old || finished == Finished::yes))
      return "it boots " + now;
    base::LinuxSys sys;
    crash::run_on(root, sys, verb);
    return boots(root) == next ? "" : "after the next run it boots " + boots(root);
  };
}

void expect_clean(const support::SweepResult &result, std::size_t least)
{
  MESSAGE(result.summary());
  CHECK_MESSAGE(result.violations == 0, result.summary());
  CHECK(result.states >= least);
}

} // namespace

TEST_CASE("an update of marked slots can be cut at any moment")
{
  const support::TempRoot root(support::Storage::memory);
  fill(root, {"1"});
  offer(root, "2");
  expect_clean(support::sweep(record(root, update), keeps("1", "2", update), {}), 100);
}

TEST_CASE("an update over the oldest version in marked slots can be cut at any moment")
{
  const support::TempRoot root(support::Storage::memory);
  fill(root, {"1", "2"});
  offer(root, "3");
  expect_clean(support::sweep(record(root, update), keeps("2", "3", update), {}), 100);
}

TEST_CASE("a rollback of marked slots can be cut at any moment")
{
  const support::TempRoot root(support::Storage::memory);
  fill(root, {"1", "2"});
  expect_clean(support::sweep(record(root, roll_back), keeps("2", "1", roll_back), {}), 30);
}

TEST_SUITE_END();
