// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/release_manifest.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace updater {

/// A repository with a manifest.json, and whom it is trusted by.
struct ReleaseSource {
  std::string url;
  std::string trust;        ///< path of a public key or a root.json, beneath the root
  std::string channel{};    ///< empty: any
  std::string trust_text{}; ///< what is in that file, where it is known already

  auto operator<=>(const ReleaseSource &) const = default;
};

/// A manifest that may be believed; see verity/manifest_trust.
struct FetchedReleases {
  verity::ReleaseManifest manifest;
  std::string url;                ///< that its artifacts are below
  std::chrono::sys_seconds now{}; ///< by which it was judged
};

/// Whether what was seen becomes the mark that later manifests are measured by.
enum class Remember { no, yes };

/// Fetches manifest.json with its signatures, and newer versions of the root where there is one,
/// and judges them. What was there before is asked for by its tag, so that a check costs one small
/// request where nothing has changed; what was kept is judged like what comes over the network.
///
/// The manifest and its signature cannot be fetched in one step, so where they do not fit each
/// other both are fetched once more before that is a failure. Marks are in /var/lib/strake/trust,
/// one file for each source and trust: another key begins anew.
///
/// Throws not_found if there is no manifest.json or the file of `trust` does not exist, config if
/// it is neither key nor root, untrusted and stale as judge_manifest, network.
FetchedReleases
fetch_releases(const base::Host &host, const ReleaseSource &source, Remember remember);

/// A time that is surely past, for machines whose clock has stopped: when the system itself was put
/// together.
std::optional<std::chrono::sys_seconds> system_build_time(const base::Host &host);

} // namespace updater
