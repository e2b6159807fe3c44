// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

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

/// What the administrator said about one boot entry.
struct ApplyWish {
  std::string entry; ///< id
  When when = When::boot;

  bool operator==(const ApplyWish &) const = default;
};

/// Nothing where there is none, and where the file cannot be understood: then policy decides.
std::optional<ApplyWish> read_apply_wish(const base::Dir &state);

/// In place of an earlier one; durable. It counts for this entry alone, and so needs no removal.
void write_apply_wish(base::Sys &sys, const base::Dir &state, const ApplyWish &wish);

} // namespace handoff
