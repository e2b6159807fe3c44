// SPDX-License-Identifier: Apache-2.0
// A run that was cut or killed is followed by another, and that is cut in turn.
#include "crash/promise.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/again");

using crash::expect_clean;
using crash::keeps;
using crash::Machine;
using crash::updating;
namespace least = crash::least;

namespace {

support::Recording killed_after(std::size_t effects)
{
  const Machine machine({.trees = crash::Trees::no});
  machine.install({"1", "2"});
  machine.offer("3");
  return machine.record_killed(effects, crash::update, crash::update);
}

} // namespace

TEST_CASE("the next run after a cut can be cut as well")
{
  const support::SweepResult result = support::sweep_recovery(
      updating({"1", "2"}, "3"),
      40,
      [](base::Sys &sys, const base::Dir &root) { crash::run_on(root, sys, crash::update); },
      crash::layout(),
      keeps({.kept = "2", .newest = "3", .next = "3"}),
      {.exhaustive = 8, .random = 4});
  expect_clean(result, least::recovery);
}

TEST_CASE("an update that was killed, and the next one in the same boot, can be cut at any moment")
{
  const std::size_t effects = updating({"1", "2"}, "3", {.trees = crash::Trees::no}).effects.size();
  std::vector<support::Recording> recordings;
  for (std::size_t done = 0; done < effects; done += 2)
    recordings.push_back(killed_after(done));
  expect_clean(support::sweep_each(recordings,
                                   keeps({.kept = "2", .newest = "3", .next = "3"}),
                                   {.exhaustive = 32, .random = 8}),
               least::killed);
}
