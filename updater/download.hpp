// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "base/unpack.hpp"
#include "updater/extent.hpp"
#include "verity/digest.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace updater {

/// A payload that a manifest promises.
struct Wanted {
  std::string what;              ///< the transfer, for messages
  std::vector<std::string> urls; ///< the same object on several mirrors
  verity::Sha256 sha256{};       ///< of the bytes as they come
  std::uint64_t size_limit = 0;  ///< 0: none known
  /// Opens the place where an uncompressed payload may be written as it comes, for which nothing
  /// is parsed; empty if it must be staged in any case. Called at most once, before its first byte,
  /// with the number of bytes that will be written there, if that is known.
  std::function<Extent(std::optional<std::uint64_t>)> direct;
  /// What lies in that place is of use to the next run; else no progress is noted, nor synced.
  bool keeps_direct = false;
  /// Bytes of this very payload may be in that place already from an earlier run.
  bool may_resume_direct = false;
};

enum class Route {
  staged,   ///< the bytes as they came lie in a file of their own, checked
  direct,   ///< they were uncompressed and lie in their place, checked
  streamed, ///< they were unpacked into their place, unchecked until they had all come: there was
            ///< no room to stage them
};

/// A payload whose bytes are those that were promised.
struct Arrived {
  Route route = Route::staged;
  base::Fd staged; ///< for Route::staged
  base::Compression compression = base::Compression::none;
  Written written; ///< for the others: what lies in the place
};

/// Fetches payloads side by side and checks each against its digest. A compressed one is staged
/// first, so that nothing reaches a decompressor unchecked. What an earlier run left is continued:
/// its bytes are digested again, and if the whole does not match, it is fetched afresh. A mirror
/// whose bytes are wrong is left for the next one. Throws Kind::untrusted when none has the right
/// bytes. When it throws, or the power goes, what had come is kept for the next run.
std::vector<Arrived>
download(const base::Host &host, const base::Dir &state, const std::vector<Wanted> &wanted);

/// Removes what was staged, for payloads that are no longer of use. `keep` is of those that are.
void clear_staging(base::Sys &sys, const base::Dir &state, const std::vector<verity::Sha256> &keep);

} // namespace updater
