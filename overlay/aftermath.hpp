// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/follow_ups.hpp"
#include "overlay/generation.hpp"
#include "overlay/topic.hpp"

#include <set>
#include <string>
#include <vector>

namespace overlay {

/// What has to be done about the difference between two sets.
struct Aftermath {
  Topics topics{};
  FollowUps wishes{};

  bool operator==(const Aftermath &) const = default;
};

/// Which of it is done; all by default.
struct AftermathSettings {
  std::set<Topic> without{}; ///< switched off in [FollowUps]
  bool units = true;         ///< whether units are restarted and reloaded

  bool operator==(const AftermathSettings &) const = default;
};

/// Of the extensions that were added, removed or changed; those that both have do not count. Files
/// that have to be named are those of what is there now.
Aftermath aftermath_of(const UsedSet &before, const UsedSet &after);

/// Puts what another class asks for to it, each once.
void add(Aftermath &aftermath, const Aftermath &more);

/// What was switched off is not in it any more.
Aftermath without(Aftermath aftermath, const AftermathSettings &settings);

/// The commands that see to a topic.
std::vector<std::string> command_for(Topic topic, const std::vector<std::string> &files);

/// All commands in their order, as they are shown to people: "udevadm control --reload".
std::vector<std::string> shown_commands(const Aftermath &aftermath);

} // namespace overlay
