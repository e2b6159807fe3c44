// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/catalogue.hpp"
#include "bakery/signed_root.hpp"
#include "verity/release_manifest.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bakery {

/// Who is to see what is published.
enum class Channel {
  stable,    ///< everybody: what lies at the top of the repository
  candidate, ///< testers: what lies in candidate/
};

std::string_view name(Channel channel);

/// What a repository says of itself: all that is signed.
struct Index {
  std::string repository; ///< its name, for ever
  std::uint64_t sequence = 0;
  std::chrono::sys_seconds issued{};
  std::chrono::sys_seconds expires{};
  std::vector<verity::Release> stable{};
  std::vector<verity::Release> candidate{};
  std::vector<SignedRoot> roots{}; ///< the versions from 1 on; none: one key alone signs

  [[nodiscard]] const std::vector<verity::Release> &releases(Channel channel) const
  {
    return channel == Channel::stable ? stable : candidate;
  }

  [[nodiscard]] std::vector<verity::Release> &releases(Channel channel)
  {
    return channel == Channel::stable ? stable : candidate;
  }

  /// The files that a channel offers, in the byte order of their names.
  [[nodiscard]] std::vector<OfferedFile> files(Channel channel) const;
  /// Those that any channel offers, each once.
  [[nodiscard]] std::vector<OfferedFile> all_files() const;
};

/// What is known of a file besides its name.
struct FileFacts {
  verity::ReleaseKind kind = verity::ReleaseKind::sysext;
  std::string description{};
  std::vector<verity::FittingSystem> fits{};
  std::optional<verity::Sha256> root_hash{};
};

/// Why the version that this file is of was withdrawn from a channel; empty if it was not.
std::string withdrawal_of(const Index &index, Channel channel, const ImageFile &file);

struct AddedFile {
  OfferedFile file;
  FileFacts facts;
};

/// Adds files to the releases of a channel, and makes those that there are not yet: `added` with
/// the sequence of the next index, and published at `now`. What was withdrawn there stays so.
void add(Index &index,
         Channel channel,
         const std::vector<AddedFile> &files,
         std::chrono::sys_seconds now);

/// A release that a channel offers. Throws Kind::not_found, naming the versions that there are.
const verity::Release &find_release(const Index &index,
                                    Channel channel,
                                    const std::string &name,
                                    const std::string &version);

/// A candidate is stable from here on. It stays among the candidates too, so that testers do not
/// lose what they run, until there is a newer candidate of that name.
void promote(Index &index, const std::string &name, const std::string &version);

/// No channel offers the version any more; that and why stays in the index, for those who have it.
/// Gives the files that are no longer offered. Throws Kind::not_found if no channel offered it.
std::vector<OfferedFile> withdraw(Index &index,
                                  const std::string &name,
                                  const std::string &version,
                                  const std::string &reason);

/// The next index in the sequence: issued now, but a second after the one before at least, by which
/// caches tell them apart.
void issue(Index &index, std::chrono::sys_seconds now, std::chrono::seconds valid_for);

} // namespace bakery
