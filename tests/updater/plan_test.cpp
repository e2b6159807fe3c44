// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "updater/directory.hpp"
#include "updater/plan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("updater/plan");

using updater::Action;
using updater::Holding;
using updater::Instance;
using updater::Limits;
using updater::Presence;
using updater::ResourceKind;
using updater::Slot;
using updater::Step;
using Strings = std::vector<std::string>;

namespace {

Instance instance(const std::string &version,
                  unsigned partition = 0,
                  Presence presence = Presence::installed)
{
  Instance result;
  result.metadata.version = version;
  result.presence = presence;
  result.partition = partition;
  result.name = "x_" + version;
  return result;
}

/// What is in one slot: "" is empty.
struct Content {
  std::string version;
  Presence presence = Presence::installed;
  std::uint64_t bytes = 1000;
  std::string in_use = "";
};

Holding disk(const std::vector<Content> &contents)
{
  Holding result;
  result.transfer.id = "root";
  result.transfer.target.kind = ResourceKind::partition;
  result.transfer.target.patterns = {updater::Pattern::parse("x_@v")};
  result.transfer.target.partition_type = *verity::find_partition_type("root-x86-64", "x86-64");
  result.target_path = "/dev/sda";
  unsigned number = 0;
  for (const Content &content : contents) {
    ++number;
    result.slots.push_back(
        {number, content.bytes, content.version.empty(), content.in_use, content.version});
    if (!content.version.empty())
      result.installed.push_back(instance(content.version, number, content.presence));
  }
  updater::sort_newest_first(result.installed);
  return result;
}

Holding files(const std::vector<Instance> &installed, const std::string &pattern = "x_@v")
{
  Holding result;
  result.transfer.id = "files";
  result.transfer.target.patterns = {updater::Pattern::parse(pattern)};
  result.installed = installed;
  return result;
}

/// The plan for the one transfer, whose source has the version.
Step plan(Holding holding,
          const std::string &version,
          const Limits &limits = {},
          std::optional<std::uint64_t> size = std::nullopt)
{
  Instance offered = instance(version);
  offered.metadata.size = size;
  updater::UpdateSet set;
  set.version = version;
  updater::Part part;
  part.on_source = offered;
  for (const Instance &present : holding.installed)
    if (present.metadata.version == version)
      part.on_target = present;
  set.parts = {part};
  return updater::plan_update({std::move(holding)}, set, limits).steps.front();
}

std::string refusal(const Holding &holding,
                    const std::string &version,
                    const Limits &limits = {},
                    std::optional<std::uint64_t> size = std::nullopt)
{
  try {
    plan(holding, version, limits, size);
  } catch (const base::Error &error) {
    return std::string(base::name(error.kind())) + ": " + error.what();
  }
  return "";
}

Strings versions(const std::vector<Instance> &instances)
{
  Strings result;
  for (const Instance &each : instances)
    result.push_back(each.metadata.version);
  return result;
}

Limits keeping(const std::set<std::string> &kept)
{
  Limits limits;
  limits.keep = kept;
  return limits;
}

Limits at_most(std::uint64_t instances)
{
  Limits limits;
  limits.instances_max = instances;
  return limits;
}

constexpr const char *type = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709 (root-x86-64)";

} // namespace

TEST_CASE("an empty slot is written before any that holds something, the smallest first")
{
  CHECK(plan(disk({{"1"}, {""}}), "2").partition == 2);
  CHECK(plan(disk({{"", {}, 3000}, {"", {}, 1000}, {"", {}, 2000}}), "2").partition == 2);
}

TEST_CASE("a slot must hold what the name of the payload promises")
{
  CHECK(plan(disk({{"", {}, 3000}, {"", {}, 1000}, {"", {}, 2000}}), "2", {}, 1500).partition == 3);
}

TEST_CASE("a slot that holds a part of this very version is preferred")
{
  const Step step = plan(disk({{"", {}, 500}, {"2", Presence::partial}}), "2");
  CHECK(step.action == Action::acquire);
  CHECK(step.partition == 2);
  CHECK_FALSE(step.displaced.has_value());
}

TEST_CASE("what was begun or made ready of another version gives way before what is in effect")
{
  CHECK(plan(disk({{"1"}, {"2", Presence::partial}}), "3").partition == 2);
  CHECK(plan(disk({{"1"}, {"2", Presence::pending}}), "3").partition == 2);
}

TEST_CASE("where all slots are full the oldest version that may go loses its slot")
{
  const Step step = plan(disk({{"3"}, {"1"}, {"2"}}), "4");
  CHECK(step.partition == 2);
  REQUIRE(step.displaced.has_value());
  CHECK(step.displaced->metadata.version == "1");
  CHECK(plan(disk({{"3"}, {"1"}, {"2"}}), "4", keeping({"1"})).partition == 3);
  CHECK(plan(disk({{"3"}, {"1", Presence::installed, 1000, "mounted on /usr"}, {"2"}}), "4")
            .partition == 3);
  CHECK(plan(disk({{"3"}, {"1", Presence::installed, 10}, {"2"}}), "4", {}, 500).partition == 3);
}

TEST_CASE("two transfers with one partition type get different slots")
{
  std::vector<Holding> holdings = {disk({{""}, {""}}), disk({{""}, {""}})};
  holdings[1].transfer.id = "other";
  updater::UpdateSet set;
  set.version = "1";
  set.parts.resize(2);
  for (updater::Part &part : set.parts)
    part.on_source = instance("1");
  const updater::UpdatePlan both = updater::plan_update(holdings, set, {});
  CHECK(both.steps[0].partition == 1);
  CHECK(both.steps[1].partition == 2);

  holdings[0] = disk({{""}, {"9"}});
  holdings[1].slots[1].in_use = "mounted on /usr";
  std::string refused;
  try {
    updater::plan_update(holdings, set, {});
  } catch (const base::Error &error) {
    refused = error.what();
  }
  CHECK(refused.find("partition 1 (1000 bytes): empty, taken for root") != std::string::npos);
}

TEST_CASE("a protected version keeps its slot")
{
  Holding holding = disk({{"1"}, {"2"}});
  holding.transfer.protect_versions = {"1"};
  CHECK(plan(holding, "3").partition == 2);
}

TEST_CASE("fewer than two slots are refused, with the type and what to do")
{
  CHECK(refusal(disk({{""}}), "1") ==
        std::string("no_space: root: /dev/sda has less than two partition slots of the type ") +
            type +
            " whose label is \"_empty\" or matches the target's pattern; two are needed, one to "
            "run from and one to write");
}

TEST_CASE("where no slot may be written the refusal names who stands in the way")
{
  const Content mounted{"2", Presence::installed, 1000, "mounted on /usr"};
  CHECK(refusal(disk({{"1"}, mounted, {"", {}, 100}}), "3", keeping({"1"}), 500) ==
        std::string("no_space: root: no slot of the type ") + type +
            " on /dev/sda may be written for 3, which needs 500 bytes: partition 1 (1000 bytes): "
            "1, kept; partition 2 (1000 bytes): 2, mounted on /usr; partition 3 (100 bytes): "
            "empty");
}

TEST_CASE("a label that is too long is refused")
{
  const std::string version(35, '1');
  CHECK(refusal(disk({{""}, {""}}), version) ==
        "config: root: the partition label \"x_" + version +
            "\" is too long: a GPT label holds 36 UTF-16 units; shorten the target's "
            "MatchPattern=");
  CHECK(refusal(disk({{""}, {""}}), version.substr(1)).empty());
}

TEST_CASE("a file name that is too long is refused")
{
  const std::string version(254, '1');
  CHECK(refusal(files({}), version) ==
        "config: files: \"x_" + version +
            "\" is not suitable as a file name; correct the target's MatchPattern=");
}

TEST_CASE("one instance is too few for an update")
{
  CHECK(refusal(files({}), "1", at_most(1)) ==
        "usage: files: 1 instances are allowed, but an update needs 2: the one in effect and the "
        "new one");
}

TEST_CASE("of files three stay by default, or as many as the definition or the command line says")
{
  Holding holding = files({instance("4"), instance("3"), instance("2"), instance("1")});
  CHECK(versions(plan(holding, "5").victims) == Strings{"1", "2"});
  holding.transfer.target.instances_max = 2;
  CHECK(versions(plan(holding, "5").victims) == Strings{"1", "2", "3"});
  CHECK(versions(plan(holding, "5", at_most(4)).victims) == Strings{"1"});
}

TEST_CASE("what must stay counts, but goes by no means")
{
  const Holding holding = files({instance("4"), instance("3"), instance("2"), instance("1")});
  Limits limits = keeping({"1"});
  limits.instances_max = 2;
  CHECK(versions(plan(holding, "5", limits).victims) == Strings{"2", "3", "4"});
}

TEST_CASE("the slot that is written is not emptied as well")
{
  const Step step = plan(disk({{"1"}, {"2"}, {"3"}}), "4", at_most(2));
  CHECK(step.partition == 1);
  CHECK(versions(step.victims) == Strings{"2"});
}

TEST_CASE("what is there is kept, and what is pending is only published, under its own name")
{
  CHECK(plan(files({instance("2")}), "2").action == Action::keep);
  Instance pending = instance("2", 0, Presence::pending);
  pending.name = ".sysupdate.pending.x_2";
  const Step step = plan(files({pending}), "2");
  CHECK(step.action == Action::publish);
  CHECK(step.name == "x_2");
}

TEST_CASE("a version that neither the machine nor the source has cannot be planned")
{
  updater::UpdateSet set;
  set.version = "2";
  set.parts.resize(1);
  CHECK_THROWS_WITH(updater::plan_update({files({})}, set, {}), "files: version 2 is not on offer");
}

TEST_CASE("what the definition sets wins over what the source says")
{
  updater::Transfer transfer;
  Instance source = instance("1");
  source.metadata.mode = 0600;
  source.metadata.tries_left = 7;
  CHECK(updater::fields_for(transfer, source).mode == 0600U);
  CHECK(updater::fields_for(transfer, source).tries_left == 7);
  CHECK(updater::fields_for(transfer, source).tries_done == 0);
  CHECK(updater::fields_for(transfer, instance("1")).tries_left == 3);
  transfer.target.mode = 0444;
  transfer.target.tries_left = 5;
  CHECK(updater::fields_for(transfer, source).mode == 0444U);
  CHECK(updater::fields_for(transfer, source).tries_left == 5);
  transfer.target.mode.reset();
  transfer.source.kind = ResourceKind::tar; // the archive's own mode is not its tree's
  CHECK_FALSE(updater::fields_for(transfer, source).mode.has_value());
}

TEST_CASE("a vacuum takes what is unfinished, then the oldest beyond the limit")
{
  const Holding holding = files({instance("6", 0, Presence::partial),
                                 instance("5", 0, Presence::pending),
                                 instance("4"),
                                 instance("3"),
                                 instance("2"),
                                 instance("1")});
  CHECK(versions(updater::vacuum_victims(holding, {})) == Strings{"6", "5", "1"});
  CHECK(versions(updater::vacuum_victims(holding, at_most(1))) == Strings{"6", "5", "1", "2", "3"});
  CHECK(versions(updater::vacuum_victims(holding, keeping({"1", "6"}))) == Strings{"5", "2"});
}

TEST_CASE("what is in use goes neither by a vacuum nor for an update")
{
  const Holding holding =
      disk({{"1", Presence::installed, 1000, "runs"}, {"2"}, {"3"}, {"4", Presence::partial}});
  CHECK(versions(updater::vacuum_victims(holding, at_most(1))) == Strings{"4", "2", "3"});
  CHECK(updater::vacuum_victims(disk({{"4", Presence::pending, 1000, "runs"}}), {}).empty());
}

TEST_CASE("a vacuum leaves the slots alone that the definition does not limit")
{
  CHECK(updater::vacuum_victims(disk({{"1"}, {"2"}, {"3"}}), {}).empty());
  CHECK(versions(updater::vacuum_victims(disk({{"1"}, {"2"}, {"3"}}), at_most(1))) ==
        Strings{"1", "2"});
}

TEST_CASE("of a disabled feature all goes but what is in use or protected")
{
  Holding holding = disk(
      {{"1"}, {"2", Presence::installed, 1000, "mounted on /x"}, {"3"}, {"4", Presence::partial}});
  holding.transfer.protect_versions = {"3"};
  CHECK(versions(updater::disabled_victims(holding, {})) == Strings{"4", "1"});
}

namespace {

updater::UpdateSet set_of(const std::string &version, Presence presence = Presence::installed)
{
  updater::UpdateSet set;
  set.version = version;
  set.installed = true;
  set.pending = presence == Presence::pending;
  set.parts.resize(1);
  set.parts[0].on_target = instance(version, 0, presence);
  return set;
}

updater::UpdateSet counted(const std::string &version, std::uint64_t left, std::uint64_t done)
{
  updater::UpdateSet set = set_of(version);
  set.parts[0].on_target->metadata.tries_left = left;
  set.parts[0].on_target->metadata.tries_done = done;
  return set;
}

std::set<std::string> kept(const std::vector<updater::UpdateSet> &sets,
                           const std::string &running,
                           bool was_handed_over = false)
{
  updater::Catalog catalog;
  catalog.sets = sets;
  return updater::versions_to_keep(catalog, {running, was_handed_over});
}

using Versions = std::set<std::string>;

} // namespace

TEST_CASE("the running version is kept, and where it is unknown the newest whole one")
{
  CHECK(kept({set_of("3"), set_of("2"), set_of("1")}, "2") == Versions{"2"});
  CHECK(kept({set_of("3", Presence::pending), set_of("2"), set_of("1")}, "") == Versions{"2"});
  CHECK(kept({set_of("3"), set_of("2")}, "7") == Versions{"3"});
  CHECK(kept({}, "7").empty());
}

TEST_CASE("while the running version is on trial the newest one found good is kept as well")
{
  CHECK(kept({counted("3", 2, 1), set_of("2"), set_of("1")}, "3") == Versions{"2", "3"});
  CHECK(kept({counted("4", 3, 0), counted("3", 2, 1), counted("2", 0, 3), set_of("1")}, "3") ==
        Versions{"1", "3"});
  CHECK(kept({counted("3", 3, 0), set_of("2")}, "3") == Versions{"3"}); // nobody counts here
  CHECK(kept({counted("3", 2, 1)}, "3") == Versions{"3"});
  // Or the loader was passed over, by a soft-reboot or a kexec.
  CHECK(kept({counted("3", 3, 0), set_of("2")}, "3", true) == Versions{"2", "3"});
  CHECK(kept({set_of("3"), set_of("2")}, "3", true) == Versions{"3"});
}

TEST_CASE("while the running version could not boot the newest that can is kept as well")
{
  CHECK(kept({set_of("3", Presence::pending), set_of("2"), set_of("1")}, "3") ==
        Versions{"2", "3"});
  CHECK(kept({set_of("3", Presence::pending), counted("2", 3, 0)}, "3") == Versions{"2", "3"});
  CHECK(kept({set_of("3", Presence::pending)}, "3") == Versions{"3"});
}
