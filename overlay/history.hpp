// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/generation.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace overlay {

// The generations of a machine, in /var/lib/strake/extensions beneath its root. Nothing that is
// merged depends on them: without them there is only nothing to go back to.

/// Those that are remembered, the oldest first. A file that is damaged is left out.
std::vector<Generation> read_generations(const base::Host &host);

/// The newest of them.
std::optional<Generation> latest_generation(const base::Host &host);

/// The largest number that one has, be it damaged; 0 if there is none.
std::uint64_t last_number(const base::Host &host);

/// Throws Kind::not_found if it is not remembered.
Generation find_generation(const base::Host &host, std::uint64_t number);

/// Remembers a generation, durably, and forgets the oldest of those that are more than `kept`; the
/// held one stays.
void remember(const base::Host &host, const Generation &generation, std::uint64_t kept);

/// The generation that refresh brings about, whatever else is installed; nothing if none is held.
/// Throws Kind::config if the record of it is damaged: to forget it would merge what somebody has
/// gone back from.
std::optional<std::uint64_t> held_generation(const base::Host &host);

/// Holds a generation, or none any more. Durable when this returns; after a power cut the old or
/// the new state stands.
void hold(const base::Host &host, std::optional<std::uint64_t> number);

} // namespace overlay
