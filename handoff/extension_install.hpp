// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/extension_component.hpp"
#include "overlay/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// Which repositories are meant.
struct Repositories {
  std::string url{};                ///< --from=; empty: those of the extensions that are installed
  std::optional<std::string> trust; ///< the text of the key or root.json that --trust= names
  std::string channel{};
};

/// An extension as a repository shows it to this machine.
struct FoundExtension {
  std::string name;
  std::string kind;        ///< "sysext", "confext"
  std::string version;     ///< the newest that this machine may have; empty: none
  std::string newest;      ///< the newest there is
  std::string why;         ///< this machine may not have that one
  std::string description; ///< in a line, what it is
  std::string url;         ///< of the repository
  std::string installed;   ///< version in use; empty: none
};

/// The extensions whose names or descriptions hold this word, in either case; all without one.
/// Nothing is remembered of what was seen. Throws Kind::usage if no repository is known, or a new
/// one is named without a key.
std::vector<FoundExtension>
search(const base::Host &host, const Repositories &repositories, const std::string &word);

/// An extension that is in use now.
struct InstalledExtension {
  std::string name;
  std::string version;
  std::string before; ///< version that was in use; empty: none was
};

/// Brings the newest version that fits this system, follows the repository from now on (by a
/// component of the updater), and merges it. That it fits, and how large it is, is known before
/// anything is fetched. If it cannot be merged, all of it goes again and what was merged stays;
/// after a cut the next call goes on where it was.
///
/// Throws not_found if no repository has it, config if no version fits or it cannot be merged,
/// usage if it is installed already or a generation is held, and what updates and merges throw.
InstalledExtension install(const base::Host &host,
                           const std::vector<overlay::Request> &requests,
                           const Repositories &repositories,
                           const std::string &name);

/// Unmerges an extension, and takes away its component and all its versions. If it cannot be
/// unmerged nothing goes. Throws not_found if no component keeps it, usage if that is not one of
/// strake's.
void remove(const base::Host &host,
            const std::vector<overlay::Request> &requests,
            const std::string &name);

/// Brings these extensions, or all that components keep, up to date, and then merges once. A
/// failure in one is no reason to leave the others alone: all are in one error at the end.
std::vector<InstalledExtension> upgrade(const base::Host &host,
                                        const std::vector<overlay::Request> &requests,
                                        const std::vector<std::string> &names);

} // namespace handoff
