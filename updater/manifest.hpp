// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/digest.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace updater {

struct ManifestEntry {
  std::string name; ///< relative to the manifest; may have directories, never "..", "%" or controls
  verity::Sha256 sha256; ///< of the bytes as they are downloaded

  bool operator==(const ManifestEntry &) const = default;
};

/// What a SHA256SUMS file says.
struct Manifest {
  std::vector<ManifestEntry> entries; ///< in the file's order; each name once
  /// From the pseudo-entry BEST-BEFORE-YYYY-MM-DD; of several the earliest.
  std::optional<std::chrono::sys_days> best_before;

  bool operator==(const Manifest &) const = default;
};

/// Reads a manifest whose bytes are trusted already. One line that is not as sha256sum writes it,
/// a name that could lead out of the repository, or two hashes for one name refuse the whole
/// manifest with Kind::untrusted and the line; a web page is Kind::network.
Manifest parse_manifest(std::string_view text);

enum class Freshness {
  required,
  ignored, ///< the caller saw SYSTEMD_SYSUPDATE_VERIFY_FRESHNESS=0
};

/// Throws Kind::stale if the manifest is past its best-before day, which ends a freeze: an old
/// manifest served for ever. The day counts from its first second, UTC, as in systemd.
void check_freshness(const Manifest &manifest, std::chrono::sys_seconds now, Freshness freshness);

} // namespace updater
