// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/manifest.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace updater {

/// No manifest may be larger; a line has some hundred bytes, so this is for 100 000 files.
constexpr std::size_t manifest_limit = std::size_t{16} << 20U;

enum class Verify {
  yes,
  no, ///< Verify=no of a transfer: whoever answers at the URL is believed
};

struct ManifestTrust {
  Verify verify = Verify::yes;
  Freshness freshness = Freshness::required;
  /// A time that is known to be past (when the system was built, when a manifest seen before was
  /// signed), for machines whose clock has stopped.
  std::optional<std::chrono::sys_seconds> clock_floor = {};
};

/// A manifest that passed every check, and who vouches for it.
struct FetchedManifest {
  Manifest manifest;
  std::string base_url;    ///< the mirror that it came from; may have credentials
  std::string fingerprint; ///< of the key; empty with Verify::no
  std::optional<std::chrono::sys_seconds> signed_at;
};

/// Gets SHA256SUMS from the first of these mirrors whose answer passes every check; all checks
/// are made anew for each mirror, and why one was passed over is logged. The signature is looked
/// for as SHA256SUMS.gpg, .asc, .sha256.asc and .sha256.gpg, by the same way for every kind of URL,
/// and checked over the bytes received before any of them is read.
///
/// The manifest and its signature cannot be fetched in one step, so where they do not fit each
/// other both are fetched once more before that is a failure.
///
/// A manifest with an ETag is kept in /var/lib/strake/cache once it has passed, to be asked for
/// again by its tag; what was kept is checked like what comes over the network. Where that
/// directory cannot be written nothing is kept.
///
/// Throws what the last mirror failed with: not_found (no SHA256SUMS), untrusted (no signature, a
/// wrong one, a manifest that breaks the rules), stale (past its best-before day) or network.
FetchedManifest fetch_manifest(const base::Host &host,
                               const std::vector<std::string> &base_urls,
                               const ManifestTrust &trust);

} // namespace updater
