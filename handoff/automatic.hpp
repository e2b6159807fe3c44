// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/apply.hpp"
#include "handoff/apply_record.hpp"
#include "handoff/automatic_settings.hpp"
#include "handoff/surroundings.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// How far strake's timers go right now.
struct ReachNow {
  Reach reach = Reach::stage;
  std::string why; ///< it is less than the policy, as a half sentence; empty: it is not
};

ReachNow decide_reach(const AutomaticSettings &settings, const Surroundings &surroundings);

/// What there is to decide by whether the timer brings into effect what is there.
struct TurnFacts {
  ReachNow reach{};
  std::optional<When> wish{};       ///< of the administrator, for this very boot entry
  std::optional<Opening> opening{}; ///< of a window; nothing: any time will do
  std::vector<Inhibitor> inhibitors{};
  std::chrono::sys_seconds now{};
  std::chrono::sys_seconds not_before{}; ///< because it was tried in vain
};

/// Whether it is the time for it.
struct Turn {
  bool is_now = false;
  std::string why; ///< it is not, as a half sentence
  /// When it is, as far as that can be told; nothing: never by itself, or nobody knows.
  std::optional<std::chrono::sys_seconds> at{};
};

Turn decide_turn(const TurnFacts &facts);

/// When the timer may try an entry once more: a quarter of an hour after the first attempt in vain,
/// twice as long after each further one, a day at most.
std::chrono::sys_seconds next_attempt(const ApplyRecord &record);

/// What is known of an entry on this machine.
ApplyRecord apply_record_of(const base::Host &host, const BootEntry &entry);

/// What is next runs: attempts at it were not in vain, and what was wished for has come. If it is
/// gone back from, and comes again, it is as new.
void forget_attempts(const base::Host &host);

/// Finds all that out for what is next. Where that runs already, the turn is that of its
/// extensions, of which others may have come.
Turn take_turn(const base::Host &host, const Outlook &outlook, const ApplyRecord &record);

/// What a timer did in its turn.
struct TurnTaken {
  bool is_done = false; ///< the machine is about to go over, or extensions are what is installed
  std::string veto{};   ///< whose and why, as a half sentence; empty: nobody's
};

/// Brings into effect what is next, after the attempt was noted, if no program of
/// HookPoint::before_apply has anything against it; where that runs already, the extensions that
/// components keep are merged as they are installed now. Throws as put_into_effect and
/// overlay::refresh.
TurnTaken use_turn(const base::Host &host, const Outlook &outlook);

} // namespace handoff
