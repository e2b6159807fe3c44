// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <optional>
#include <string>
#include <vector>

namespace updater {

/// What the administrator decided about versions, beyond the definitions: it stays until it is
/// lifted with `strake release`, across updates and reboots.
struct Policy {
  std::string pin;                  ///< the only version that may be installed; empty: any
  bool hold = false;                ///< install nothing at all
  std::vector<std::string> skipped; ///< never install these; `rollback` adds what it leaves behind
  std::string rolled_back_to;       ///< a rollback whose withdrawal of newer versions must hold

  bool operator==(const Policy &) const = default;
};

/// Why `policy` forbids choosing `version` by itself, as a half sentence; nothing if it doesn't.
std::optional<std::string> objection(const Policy &policy, const std::string &version);

/// Reads the policy of the host, or of a component; an absent file is an empty policy. A file that
/// cannot be understood throws Kind::config: forgetting a pin would be worse than stopping.
Policy read_policy(const base::Dir &state, const std::string &component);

/// `version` was installed: where it is newer than what was rolled back to, that is over, and what
/// is skipped from then on is only skipped.
void pass_rollback(base::Sys &sys,
                   const base::Dir &state,
                   const std::string &component,
                   const std::string &version);

/// Replaces it durably; after a power cut the old or the new one stands whole.
void write_policy(base::Sys &sys,
                  const base::Dir &state,
                  const std::string &component,
                  const Policy &policy);

} // namespace updater
