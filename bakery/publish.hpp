// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/index.hpp"
#include "bakery/inspection.hpp"
#include "bakery/repository.hpp"
#include "bakery/signed_index.hpp"
#include "base/host.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bakery {

/// What all changes of a repository have in common.
struct RepositoryRequest {
  std::string repository; ///< absolute path of its directory
  SigningKeys keys;
  std::chrono::seconds valid_for{};
  Doing doing = Doing::perform;
  /// Absolute path of a directory with versions of root.json, as rotate() makes them; empty: those
  /// that the repository has. Whose key one of them has had sign, their index is taken over.
  std::string keys_directory{};
  std::string url{}; ///< by which clients reach it; empty: the one that it has
};

struct PublishRequest : RepositoryRequest {
  std::vector<std::string> directories{}; ///< absolute paths; none: the index is issued anew
  Channel channel = Channel::stable;
  std::string name{}; ///< of a new repository; empty: made of its URL
  Lint lint = Lint::required;
};

struct VersionRequest : RepositoryRequest {
  std::string name{};
  std::string version{};
  std::string reason{}; ///< why it is withdrawn, one line
};

/// What became of a repository, or would.
struct Publication {
  std::uint64_t sequence = 0;
  std::vector<std::string> added{};     ///< files that the channel did not offer before
  std::vector<std::string> unchanged{}; ///< that it did
  std::vector<std::string> withdrawn{}; ///< that nobody is offered any more
  /// The files that a copy elsewhere needs, in the order in which they must be put there: content,
  /// then what describes it, then signatures, and what is signed last.
  std::vector<std::string> upload{};
};

/// Publishes what is in the directories. The content comes first, and durable; then one rename
/// publishes the index that names it, with its signatures. So a failure or a power cut at any
/// moment leaves what was published before, whole, or all of the new; the next run needs no repair.
///
/// Throws Kind::config for files that cannot be published (see find_new_files and
/// Repository::admit), Kind::untrusted where the present index is not signed by this key or content
/// has changed, and what signing throws. Nothing is published then.
Publication publish(const base::Host &host, const PublishRequest &request);

/// Gets every byte of the candidates of a version over the network, from the URL of the repository,
/// and then has the channel for everybody offer them too. Throws what check_over_the_wire throws.
Publication promote(const base::Host &host, const VersionRequest &request);

/// Publishes an index in which no channel offers the version, and that says why. Its content stays,
/// for those who are fetching it, until it is collected.
Publication withdraw(const base::Host &host, const VersionRequest &request);

} // namespace bakery
