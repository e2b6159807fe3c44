// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace updater {

/// One thing that strake did to the machine.
struct Event {
  std::int64_t time = 0;   ///< seconds since 1970, UTC; record() sets it
  std::string action{};    ///< "update", "acquire", "vacuum", "rollback", …
  std::string component{}; ///< empty for the host
  std::string version{};   ///< what it was about; may be empty
  std::string outcome{};   ///< "installed", "failed", "removed", …
  std::string detail{};    ///< a sentence: what failed, what was replaced
};

/// The newest events, oldest first. A line that a power cut or a hand damaged is left out: the
/// history is for people, nothing is decided by it.
std::vector<Event> read_history(const base::Dir &state);

/// Adds one event, of now, and keeps the newest 1000; durable on return. The journal is told of it,
/// too. The caller holds the lock.
void record(const base::Host &host, const base::Dir &state, Event event);

/// The same where nothing else is to be done with the state: opens it, and takes its lock. Throws
/// Kind::busy, as take_lock(), while somebody else has that; nothing is noted then.
void note(const base::Host &host, Event event);

/// As note(), unless the newest event of this action and component says the same already: for what
/// a timer comes upon again and again.
void note_news(const base::Host &host, Event event);

} // namespace updater
