// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/release_terms.hpp"
#include "verity/release_manifest.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// An extension that a repository has, by the version that this machine may have.
struct ExtensionOffer {
  const verity::Release *release = nullptr; ///< the newest that this machine may have; null: none
  const verity::Artifact *image = nullptr;  ///< of that
  std::string name;
  std::string newest; ///< version, whoever may have it
  std::string why;    ///< this machine may not have the newest, as a half sentence; else empty
};

/// The image of a release for this architecture; null if there is none.
const verity::Artifact *image_for(const verity::Release &release, std::string_view architecture);

/// The extensions of a manifest, by name; what is for whole systems is none. They point into the
/// manifest.
std::vector<ExtensionOffer> offers_of(const verity::ReleaseManifest &manifest,
                                      const updater::Recipient &recipient,
                                      std::string_view architecture);

/// What a file of versions is called: its name with @v for the version, and %a for the architecture
/// if it says one. Throws Kind::config where the name does not hold the version.
std::string pattern_of(const verity::Release &release, const verity::Artifact &image);

} // namespace handoff
