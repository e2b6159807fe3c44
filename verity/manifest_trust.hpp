// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/release_manifest.hpp"
#include "verity/trust_root.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace verity {

/// What a machine remembers of a repository. It only ever changes once every check has passed, or
/// somebody could make it refuse what is good.
struct TrustMarks {
  std::string repository{};
  std::uint64_t root = 0;     ///< version of the root by which the manifest was trusted; 0: a key
  std::uint64_t sequence = 0; ///< of the newest manifest
  Sha256 manifest{};          ///< of its text
  std::chrono::sys_seconds issued{};

  bool operator==(const TrustMarks &) const = default;
};

/// What is asked of a manifest.
struct ManifestClaim {
  KeySet keys{};
  std::string repository{};       ///< from the root; empty: whichever was seen first
  std::uint64_t root = 0;         ///< version of that root; 0: the keys were given alone
  std::string channel{};          ///< empty: any
  std::string product{};          ///< of this machine
  std::string client{};           ///< version of strake
  std::chrono::sys_seconds now{}; ///< the clock, or a later time that is surely past
};

/// A manifest that may be believed, and what is to be remembered of it.
struct TrustedManifest {
  ReleaseManifest manifest;
  TrustMarks marks;
};

/// Judges what was fetched. Nothing of the text is read before enough of the keys signed it. Throws
/// Kind::stale where it has expired, else Kind::untrusted; the message begins with the name of the
/// attack: changed content, unknown signer, no signature, threshold, endless data, wrong
/// repository, wrong channel, wrong product, withheld root, rollback, mix and match, freeze.
TrustedManifest judge_manifest(std::string_view text,
                               std::string_view signatures,
                               const ManifestClaim &claim,
                               const std::optional<TrustMarks> &marks);

/// The text of a record of marks, and nothing if a text is none.
std::string text_of(const TrustMarks &marks);
std::optional<TrustMarks> parse_marks(std::string_view text);

} // namespace verity
