// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "base/linux_sys.hpp"
#include "support/map_fetcher.hpp"
#include "support/temp_root.hpp"

#include <string>
#include <vector>

namespace support {

/// A clock that stands still until a test sets it.
class SetClock final : public base::Clock {
public:
  std::chrono::sys_seconds time{};
  std::chrono::milliseconds since_boot{};

  std::chrono::sys_seconds now() override { return time; }

  std::chrono::milliseconds monotonic() override { return since_boot; }

  void sleep(std::chrono::milliseconds duration) override { since_boot += duration; }
};

/// A machine in a temporary directory, with a network that is a table, a clock that stands still
/// and the real programs.
class TestHost {
public:
  explicit TestHost(Storage storage = Storage::disk) : root(storage) {}

  TempRoot root;
  MapFetcher fetcher;
  SetClock clock;
  base::LinuxSys sys;
  base::ProcessRunner programs;
  std::vector<std::string> said;

  base::Host host{.sys = sys,
                  .programs = programs,
                  .fetcher = fetcher,
                  .clock = clock,
                  .log = [this](base::Level, std::string_view text) { said.emplace_back(text); },
                  .environment = {},
                  .root = root.dir().again(),
                  .machine = root.dir().again(),
                  .is_running_system = false};
};

/// Calls `use` with a host whose effects go through `sys` and whose root is `root`: what a sweep
/// runs, and runs again after a cut.
template <typename Use> void with_host(base::Sys &sys, const base::Dir &root, Use &&use)
{
  TestHost outside{Storage::memory};
  base::Host host{.sys = sys,
                  .programs = outside.programs,
                  .fetcher = outside.fetcher,
                  .clock = outside.clock,
                  .log = [](base::Level, std::string_view) {},
                  .environment = {},
                  .root = root.again(),
                  .machine = root.again(),
                  .is_running_system = false};
  use(host);
}

} // namespace support
