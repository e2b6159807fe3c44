// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace handoff {

/// When something is to be brought into effect.
enum class When {
  now,
  window, ///< by the timer, in the next window, whatever its policy says
  boot,   ///< by whoever starts the machine next; the timer leaves it alone
};

/// "now", "window", "boot"
std::string_view name(When when);
std::optional<When> parse_when(std::string_view text);

/// What is known of bringing one boot entry into effect.
struct ApplyRecord {
  std::string entry;             ///< id
  std::optional<When> wish{};    ///< what the administrator said about it
  unsigned attempts = 0;         ///< of the timer
  std::int64_t last_attempt = 0; ///< when that began, in seconds since 1970

  bool operator==(const ApplyRecord &) const = default;
};

/// That of this entry; an empty one where there is none, or nobody can read what was written: then
/// policy decides.
ApplyRecord read_apply_record(const base::Dir &state, const std::string &entry);

/// In place of that of any other entry; durable. It counts for this entry alone.
void write_apply_record(base::Sys &sys, const base::Dir &state, const ApplyRecord &record);

/// Whether there is one, of whichever entry.
bool has_apply_record(const base::Dir &state);

/// Removes the one that is there.
void remove_apply_record(base::Sys &sys, const base::Dir &state);

} // namespace handoff
