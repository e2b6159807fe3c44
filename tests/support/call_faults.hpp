// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/crash_sweep.hpp"
#include "support/fault_sys.hpp"
#include "support/temp_root.hpp"

#include <functional>
#include <vector>

namespace support {

/// Each call of `run` fails once, in each of these ways, on a machine of its own that `prepare` has
/// made; then `judge` says what is wrong with that, and the test fails if anything is. The last of
/// these runs is one in which no call failed.
void fail_each_call(const std::function<void(const TempRoot &root)> &prepare,
                    const std::function<void(base::Sys &sys, const base::Dir &root)> &run,
                    const Oracle &judge,
                    const std::vector<FaultTime> &ways);

} // namespace support
