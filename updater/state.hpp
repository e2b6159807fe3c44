// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <optional>
#include <string>

namespace updater {

/// The directory strake keeps its own records in: $STATE_DIRECTORY if the service manager set it,
/// else /var/lib/strake beneath the root, else (for a plain user on the running system)
/// $XDG_STATE_HOME/strake or ~/.local/state/strake. Nothing in it is needed to boot or to find out
/// what is installed: deleting it loses the history, pins and half-done downloads, no more.
std::optional<base::Dir> find_state(const base::Host &host);

/// Its path, for messages, whether it is there or not.
std::string state_path(const base::Host &host);

/// Where it lies or will lie, by the nearest directory that is there: to learn what room it has.
base::Dir near_state(const base::Host &host);

/// The directory of find_state(), made durable if it was not there.
base::Dir open_state(const base::Host &host);

/// Says that this process is the only one that changes what strake looks after. Released when it
/// goes out of scope, and by the kernel if the process dies.
class Lock {
public:
  explicit Lock(base::Dir held) : held_(std::move(held)) {}

private:
  base::Dir held_;
};

/// Takes the run-wide lock at once, before anything is read. Throws Kind::busy with the holder's
/// pid if another process has it.
Lock take_lock(const base::Host &host, const base::Dir &state);

} // namespace updater
