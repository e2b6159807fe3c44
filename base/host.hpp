// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/fetcher.hpp"
#include "base/program.hpp"
#include "base/sys.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace base {

/// Time, as a thing that tests can set.
class Clock {
public:
  Clock() = default;
  Clock(const Clock &) = delete;
  Clock &operator=(const Clock &) = delete;
  virtual ~Clock() = default;

  virtual std::chrono::sys_seconds now() = 0;
  virtual std::chrono::milliseconds monotonic() = 0;
  virtual void sleep(std::chrono::milliseconds duration) = 0;
};

enum class Level { debug, info, notice, warning, error };

/// Where running commentary goes. Only `cli/` decides how it is shown; a failure is thrown and
/// never logged as well.
using Log = std::function<void(Level, std::string_view)>;

/// All that strake needs from the machine, built once in main() and handed down. It has no state
/// of its own.
struct Host {
  Sys &sys;
  Runner &programs;
  Fetcher &fetcher;
  Clock &clock;
  Log log;
  std::map<std::string, std::string> environment;
  /// The machine, or what --root or --image put in its place.
  Dir root;
  /// The machine itself: /proc, /sys and /dev are read here, whatever root is.
  Dir machine;
  /// True when root is the running machine's own.
  bool is_running_system;

  template <typename... Args>
  void say(Level level, fmt::format_string<const Args &...> format, const Args &...args) const
  {
    log(level, fmt::format(format, args...));
  }

  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const
  {
    const auto found = environment.find(std::string(name));
    if (found == environment.end() || found->second.empty())
      return std::nullopt;
    return found->second;
  }
};

} // namespace base
