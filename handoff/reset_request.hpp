// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// What was asked of the next boot.
struct ResetRequest {
  enum class Action {
    reset,
    restore, ///< what the last reset with a backup took away comes back
  } action = Action::reset;
  std::int64_t time = 0;           ///< of the request, in seconds since 1970
  std::vector<std::string> places; ///< absolute paths of directories
  std::vector<std::string> keep{}; ///< texts of KeepRule
  bool keep_machine_id = false;
  bool with_extensions = false; ///< extensions and their definitions go too
  bool backup = false;          ///< what goes is put aside instead of being removed

  bool operator==(const ResetRequest &) const = default;
};

/// What a reset put aside; it lies in reset_backup_name in each of the places.
struct ResetBackup {
  std::int64_t time = 0;
  std::vector<std::string> places;

  bool operator==(const ResetBackup &) const = default;
};

constexpr std::string_view reset_backup_name = ".strake-backup";

/// Where both are written, whoever asks: the unit looks there. Made durable if it is not there.
base::Dir open_reset_state(const base::Host &host);
/// The same; nothing if there is none.
std::optional<base::Dir> find_reset_state(const base::Host &host);

/// Whether there is a request, be it understood or not.
bool has_reset_request(const base::Dir &state);

// Nothing if there is none. A file that cannot be understood throws Kind::config: half of what
// was to be kept would be lost for good.
std::optional<ResetRequest> read_reset_request(const base::Dir &state);
std::optional<ResetBackup> read_reset_backup(const base::Dir &state);

// After a power cut the old or the new one stands whole.
void write_reset_request(base::Sys &sys, const base::Dir &state, const ResetRequest &request);
void write_reset_backup(base::Sys &sys, const base::Dir &state, const ResetBackup &backup);

// Durable on return; also one that cannot be understood. False: there is none.
bool forget_reset_request(base::Sys &sys, const base::Dir &state);
bool forget_reset_backup(base::Sys &sys, const base::Dir &state);

} // namespace handoff
