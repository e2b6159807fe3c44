// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// When programs of the administrator are run, while strake's timers are at work.
enum class HookPoint {
  before_update, ///< a version is about to come; may veto
  after_update,  ///< it has come
  before_apply,  ///< what is next is about to be brought into effect; may veto
};

/// "before-update", "after-update", "before-apply"
std::string_view name(HookPoint point);

/// What they are told of, in their environment: STRAKE_COMPONENT=, STRAKE_VERSION=,
/// STRAKE_RUNNING_VERSION=, STRAKE_TRANSITION=, each only where it is known.
struct HookSubject {
  std::string component{};
  std::string version{};
  std::string running{};
  std::string transition{};
};

/// The programs of a point: what can be run in strake/hooks/POINT.d of /etc, /run,
/// /usr/local/lib and /usr/lib, in the order of their names; of one name only the first counts, and
/// one that leads to /dev/null is none. By their paths beneath the root.
std::vector<std::string> hooks_at(const base::Host &host, HookPoint point);

/// Runs the programs of a point that may veto, one after the other, until one does not end with 0.
/// Returns whose veto that is and why, as a half sentence, after it was noted in the history. A
/// program that takes longer than five minutes is ended, and counts as one that refuses.
std::optional<std::string>
ask_hooks(const base::Host &host, HookPoint point, const HookSubject &subject);

/// Runs the programs of a point all the same; what they end with is of no account but for a
/// warning.
void run_hooks(const base::Host &host, HookPoint point, const HookSubject &subject);

} // namespace handoff
