// SPDX-License-Identifier: Apache-2.0
#include "bake_setting.hpp"
#include "support/fault_sys.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using bakery_tests::Kitchen;
using support::Fault;
using support::FaultSys;
using support::FaultTime;

namespace {

constexpr const char *recipe =
    "name: hello\nversion: 1\narchitectures: x86-64\ncontainer: ddi\nsources: {s: {directory: s}}\n"
    "files: [{source: s, to: /usr/share}, {to: /usr/bin/x, link: y}]\n";

/// The calls of a bake by this kitchen of which one fails; how many there were, and the failure.
struct Run {
  std::size_t calls = 0;
  std::string failed{};
};

Run bake_with(Kitchen &kitchen, const Fault &fault)
{
  FaultSys sys(kitchen.host.root.dir(), fault);
  const base::Host host{.sys = sys,
                        .programs = kitchen.host.programs,
                        .fetcher = kitchen.host.fetcher,
                        .clock = kitchen.host.clock,
                        .log = [](base::Level, std::string_view) {},
                        .environment = {},
                        .root = kitchen.host.root.dir().again(),
                        .machine = kitchen.host.root.dir().again(),
                        .is_running_system = false};
  try {
    (void)bakery::bake(host, kitchen.request());
  } catch (const base::Error &error) {
    return {.calls = sys.calls(), .failed = error.what()};
  }
  return {.calls = sys.calls()};
}

std::vector<std::string> names_in_output(const Kitchen &kitchen)
{
  std::vector<std::string> names;
  for (const base::DirEntry &entry : kitchen.host.root.dir().dir("out").entries())
    names.push_back(entry.name);
  return names;
}

} // namespace

TEST_CASE(
    "bake: whichever call fails, the old image stands or the new one, and the next run ends well")
{
  Kitchen reference(recipe);
  reference.write("s/a", "new");
  (void)reference.bake();
  const std::string wanted = reference.output("hello_1_x86-64.raw");
  const std::vector<std::string> products = names_in_output(reference);

  for (const FaultTime when : {FaultTime::before, FaultTime::after, FaultTime::halfway})
    for (std::size_t call = 0;; ++call) {
      Kitchen kitchen(recipe);
      kitchen.write("s/a", "old");
      (void)kitchen.bake();
      const std::string old = kitchen.output("hello_1_x86-64.raw");
      kitchen.write("s/a", "new");
      const Run run = bake_with(kitchen, {.call = call, .os_error = EIO, .when = when});
      CAPTURE(call);
      CAPTURE(run.failed);
      const std::string found = kitchen.output("hello_1_x86-64.raw");
      CHECK((found == old || found == wanted));
      (void)kitchen.bake();
      CHECK((kitchen.output("hello_1_x86-64.raw") == wanted));
      CHECK(kitchen.bake().outcome == bakery::Outcome::unchanged);
      CHECK(names_in_output(kitchen) == products);
      if (call >= run.calls)
        break;
    }
}
