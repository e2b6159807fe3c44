// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/digest.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace bakery {

/// File names with the SHA-256 of what is in them.
using Checksums = std::map<std::string, verity::Sha256>;

/// The text of a SHA256SUMS as systemd-sysupdate 252 to 262 and `sha256sum --check` read it: a line
/// "HASH *NAME" for each, in the byte order of the names. `best_before` becomes an entry
/// BEST-BEFORE-YYYY-MM-DD with the hash of an empty file: from the start of that day, UTC, clients
/// from systemd 260 on refuse the list.
std::string checksum_list(const Checksums &files, std::optional<std::chrono::sys_days> best_before);

} // namespace bakery
