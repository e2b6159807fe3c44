// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/update.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace updater {

/// What one step of a plan takes. Nothing where it is not known before the bytes come: a server
/// that does not say, a payload that is packed.
struct Cost {
  std::optional<std::uint64_t> fetch; ///< bytes still to come over the network
  std::uint64_t there = 0;            ///< bytes of an earlier run that need not come again
  std::optional<std::uint64_t> write; ///< bytes that end up in the target
};

struct Forecast {
  std::vector<Cost> costs;           ///< in the order of the plan's steps
  std::string staging;               ///< the directory that downloads wait in, there or not yet
  std::uint64_t staging_free = 0;    ///< bytes
  std::uint64_t staging_to_come = 0; ///< bytes that will be put there, as far as is known
};

/// Asks the servers for the sizes of what a plan fetches, and the machine for its room; changes
/// nothing. A server that gives no answer leaves its sizes unknown, and a warning.
Forecast forecast(const base::Host &host, const Foreseen &foreseen);

} // namespace updater
