// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/digest.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// A file on offer, with the version that a pattern found in its name.
struct OfferedFile {
  std::string version;
  std::string name;
  verity::Sha256 sha256;

  bool operator==(const OfferedFile &) const = default;
};

/// What a source shows.
struct Offer {
  std::vector<OfferedFile> files;
  std::optional<std::chrono::sys_seconds> signed_at; ///< nothing if it was not verified
};

/// What a source is known to have shown, the highest mark.
struct Seen {
  std::string newest;             ///< version; empty if the source offered none
  std::vector<OfferedFile> files; ///< those of the newest version
  std::optional<std::chrono::sys_seconds> signed_at;

  bool operator==(const Seen &) const = default;
};

struct OfferVerdict {
  bool accepted = true;
  std::string why;                  ///< if not accepted
  std::vector<std::string> notices; ///< if accepted: what an administrator may want to know
};

/// Is this offer no older than what was seen? This is what SHA256SUMS itself cannot say: a mirror
/// that shows last year's manifest with last year's good signature is refused here.
///
/// A manifest signed earlier than the one seen is refused, whatever it lists. So is one that lacks
/// the newest version seen (older ones may go: that is tidying up), unless it was signed later:
/// then who has the key took the version back, and that is a notice. A file of the newest version
/// whose hash changed is a notice as well, since people do publish again under one name.
OfferVerdict judge_offer(const std::optional<Seen> &seen, const Offer &offer);

/// The mark to remember once everything else about an accepted offer has been checked too.
Seen mark_of(const Offer &offer);

/// What is remembered of a source, in /var/lib/strake/seen; `source` says which one: its URL and
/// the pattern by which versions are found there. A damaged file is as good as none and logged:
/// only root can have written it, and a machine that never updates again is no safer.
std::optional<Seen> read_seen(const base::Host &host, std::string_view source);

/// Remembers it durably; the earlier mark stays whole if the power is cut. Writes nothing if
/// nothing changed.
void remember_seen(const base::Host &host, std::string_view source, const Seen &seen);

/// The file of a source's mark, for messages: without it the next offer is taken as the first.
std::string seen_path(const base::Host &host, std::string_view source);

} // namespace updater
