// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace overlay {

/// An extension that is merged for a while, whatever its settings say. The record of it lies in
/// /run/strake/extensions beneath the root, so that a boot ends it.
struct Trial {
  std::string name;
  std::chrono::milliseconds until{}; ///< of base::Clock::monotonic

  bool operator==(const Trial &) const = default;
};

/// What there is of a trial, be its time over or not. A record that is damaged is none, so that
/// what it was about goes.
std::optional<Trial> read_trial(const base::Host &host);

/// The trial that is on: its time is not over.
std::optional<Trial> present_trial(const base::Host &host);

/// After this there is that trial only.
void write_trial(const base::Host &host, const Trial &trial);

/// After this there is none.
void end_trial(const base::Host &host);

} // namespace overlay
