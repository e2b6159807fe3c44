// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/repository.hpp"
#include "base/host.hpp"
#include "verity/trust_root.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// Whom a mirror believes: some keys, or a version of root.json and all that follow on it.
struct MirrorTrust {
  verity::KeySet keys{};
  std::optional<verity::TrustRoot> root{};
};

struct MirrorRequest {
  std::string source;     ///< a URL, or the absolute path of a directory
  std::string repository; ///< absolute path of the directory of the mirror
  MirrorTrust trust;
  std::string url{}; ///< by which the mirror is reached; empty: the one that it has, or the source
  Doing doing = Doing::perform;
};

/// What a mirror has now, or would have.
struct Mirrored {
  std::uint64_t sequence = 0;
  std::vector<std::string> fetched{}; ///< content that was not there
  std::uint64_t bytes = 0;            ///< of that
};

/// Makes a directory hold what a repository offers, in both channels, with the signatures as they
/// are. Nothing is kept that those who are believed have not signed: lists are kept whole or not at
/// all, content when it has the size and hash of the list, and pages and definitions are made from
/// the list, for the URL of the mirror. Content comes first, one rename publishes the rest, as for
/// publish(). A run that was cut is gone on with. Content that is no longer offered stays until it
/// is collected.
///
/// Throws Kind::untrusted for anything that does not verify, Kind::stale for a list that is older
/// than what the mirror has or has ended, Kind::not_found where there is no repository.
Mirrored mirror(const base::Host &host, const MirrorRequest &request);

} // namespace bakery
