// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/release.hpp"

#include <string>
#include <vector>

namespace overlay {

/// What an extension wants done when it has been merged, and before it is taken away.
struct FollowUps {
  bool reload_manager = false; ///< also if there are any units
  std::vector<std::string> restart_units;
  std::vector<std::string> reload_or_restart_units; ///< none of restart_units
  std::vector<std::string> refused;                 ///< words that are no names of units

  bool operator==(const FollowUps &) const = default;
};

FollowUps follow_ups(const Release &release);

/// Puts what another extension wants to that of others, each unit once; restarting wins over
/// reloading.
void add_wishes(FollowUps &wishes, const FollowUps &more);

} // namespace overlay
