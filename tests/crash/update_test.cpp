// SPDX-License-Identifier: Apache-2.0
// The most important test: the power goes before any effect of a whole verb, in every legal order
// of what was not synced; then the old or the new version boots whole, and the next plain update
// ends well.
#include "crash/promise.hpp"
#include "verity/digest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <span>
#include <string>

TEST_SUITE_BEGIN("crash/update");

using crash::expect_clean;
using crash::keeps;
using crash::Machine;
using crash::Promise;
using crash::Shape;
using crash::Source;
using crash::Trees;
using crash::updating;
namespace least = crash::least;

namespace {

const Promise from_1_to_2{.kept = "1", .newest = "2", .next = "2", .event = "update"};
const Promise from_2_to_3{.kept = "2", .newest = "3", .next = "3", .gone = "1", .event = "update"};

constexpr Shape large_sectors{.trees = Trees::no, .sector_size = 4096};
/// A server's files take several more steps, none of which is of another kind.
const support::SweepOptions few{.exhaustive = 64, .random = 32};
constexpr Shape from_server{.trees = Trees::no, .source = Source::server};

} // namespace

TEST_CASE("an update into free slots can be cut at any moment")
{
  expect_clean(support::sweep(updating({"1"}, "2"), keeps(from_1_to_2), {}), least::update_free);
}

TEST_CASE("an update that takes the oldest version's slots can be cut at any moment")
{
  expect_clean(support::sweep(updating({"1", "2"}, "3"), keeps(from_2_to_3), {}),
               least::update_over);
}

TEST_CASE("an update can be cut at any moment where sectors have 4096 bytes")
{
  expect_clean(
      support::sweep(updating({"1", "2"}, "3", large_sectors), keeps(from_2_to_3), {.random = 256}),
      least::update_large_sectors);
}

TEST_CASE("what a torn sector leaves is never booted, and the next run heals it")
{
  expect_clean(
      support::sweep(updating({"1", "2"}, "3"),
                     survives_a_torn_sector(from_2_to_3),
                     {.exhaustive = 4096, .random = 1024, .sectors = support::Sectors::torn}),
      least::update_torn);
}

TEST_CASE("acquiring can be cut at any moment")
{
  const Machine machine;
  machine.install({"1", "2"});
  machine.offer("3");
  expect_clean(support::sweep(machine.record(crash::acquire),
                              keeps({.kept = "2", .newest = "", .next = "3", .event = "acquire"}),
                              {}),
               least::acquire);
}

TEST_CASE("installing what was acquired can be cut at any moment")
{
  const Machine machine;
  machine.install({"1", "2"});
  machine.offer("3");
  machine.run(crash::acquire);
  expect_clean(support::sweep(machine.record(crash::install_offline), keeps(from_2_to_3), {}),
               least::install_acquired);
}

TEST_CASE("an update from a server can be cut at any moment, and goes on after the next boot")
{
  expect_clean(support::sweep(updating({"1", "2"}, "3", from_server), keeps(from_2_to_3), few),
               least::download);
}

TEST_CASE("only of what the next run can go on with is noted how much has come")
{
  const Machine machine(from_server);
  machine.offer("3");
  const auto run = machine.record(crash::update, {{"uki-3.efi", 300}});
  const auto is_noted = [&](const std::string &offered) {
    const std::string payload = machine.files().read(offered);
    const std::string note =
        verity::hex(verity::digest_of(std::as_bytes(std::span(payload)))) + ".json";
    return std::any_of(run.effects.begin(), run.effects.end(), [&](const auto &effect) {
      return effect.text.find(note) != std::string::npos;
    });
  };
  CHECK(is_noted("source/root-3.raw"));
  CHECK_FALSE(is_noted("source/uki-3.efi")); // it lies in its place, and begins anew
}

TEST_CASE("an update whose connection breaks can be cut at any moment, also while it fails")
{
  const Machine machine(from_server);
  machine.install({"1", "2"});
  machine.offer("3");
  const auto broken = machine.record(crash::update, {{"root-3.raw", 2000}});
  const Promise promise{.kept = "2", .newest = "", .next = "3", .event = "update"};
  expect_clean(support::sweep(broken, keeps(promise), few), least::download_broken);
  // The run that takes up what came, too.
  expect_clean(support::sweep(machine.record(crash::update), keeps(from_2_to_3), few),
               least::download_resumed);
}
