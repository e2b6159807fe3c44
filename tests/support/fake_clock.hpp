// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <vector>

namespace support {

/// Time that passes only when somebody sleeps.
class FakeClock final : public base::Clock {
public:
  std::chrono::sys_seconds present{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1}};
  std::chrono::milliseconds elapsed{0};
  std::vector<std::chrono::milliseconds> sleeps;

  std::chrono::sys_seconds now() override
  {
    return present + std::chrono::floor<std::chrono::seconds>(elapsed);
  }

  std::chrono::milliseconds monotonic() override { return elapsed; }

  void sleep(std::chrono::milliseconds duration) override
  {
    elapsed += duration;
    sleeps.push_back(duration);
  }
};

} // namespace support
