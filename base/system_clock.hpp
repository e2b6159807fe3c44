// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <thread>

namespace base {

/// The time that it is.
class SystemClock final : public Clock {
public:
  std::chrono::sys_seconds now() override
  {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  std::chrono::milliseconds monotonic() override
  {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  }

  void sleep(std::chrono::milliseconds duration) override { std::this_thread::sleep_for(duration); }
};

} // namespace base
