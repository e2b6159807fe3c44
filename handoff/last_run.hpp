// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace handoff {

/// How the timer's last update ended, also where it found nothing to do.
struct LastRun {
  std::int64_t time = 0; ///< of its end, in seconds since 1970
  std::string failure{}; ///< empty: it did what it was to do

  bool operator==(const LastRun &) const = default;
};

/// Nothing if there never was one, or nobody can read what was written.
std::optional<LastRun> read_last_run(const base::Dir &state);

/// Durable; in place of the earlier one.
void write_last_run(base::Sys &sys, const base::Dir &state, const LastRun &run);

} // namespace handoff
