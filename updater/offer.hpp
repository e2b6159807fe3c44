// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"
#include "updater/manifest_source.hpp"
#include "updater/release_source.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace updater {

/// What servers offer. Each manifest is fetched and checked once, however many transfers use it.
class Offers {
public:
  Offers(const base::Host &host, const Scope &scope);

  /// The instances that the manifest at a transfer's URL lists for its patterns, newest first.
  /// Throws what fetch_manifest throws; untrusted if a name with @h contradicts its own line; stale
  /// if a verified source shows less than it did before. What it shows is remembered once all that
  /// is checked, where strake's records can be written.
  std::vector<Instance> of(const Transfer &transfer);

  /// The same for a transfer whose source has a manifest.json that is trusted: what this machine
  /// may have of it goes to `available` of the holding, and why it may not have others, or only
  /// later by itself, to its `terms`. Throws what fetch_releases throws; untrusted if a name says
  /// another version than its release, or another hash.
  void add_releases(Holding &holding);

private:
  const FetchedManifest &manifest(const std::string &url, Verify verify);
  const FetchedReleases &releases(const Source &source);
  void compare_with_seen(const Transfer &transfer,
                         const std::vector<Instance> &instances,
                         const FetchedManifest &fetched);

  const base::Host &host_;
  const Scope &scope_;
  std::map<std::pair<std::string, Verify>, FetchedManifest> manifests_;
  std::map<ReleaseSource, FetchedReleases> releases_;
};

} // namespace updater
