// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/extension_offer.hpp"
#include "updater/release_source.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

// An installed extension is a component of the updater like any other: its transfer in
// /etc/sysupdate.NAME.d brings versions into /var/lib/extensions.d (or confexts.d), and a symlink
// in /var/lib/extensions leads to the one that is in use. So systemd's tools, and a timer, go on
// with it.

/// An extension that a component keeps up to date.
struct ExtensionComponent {
  std::string name;
  updater::ReleaseSource source; ///< where from; no trust: it goes by SHA256SUMS
  std::string version;           ///< in use; empty: none is installed
  std::string link;              ///< the symlink that leads to it, beneath the root
  std::string directory;         ///< that its versions lie in
  bool is_own = false;           ///< its transfer is as strake writes it, and nothing else is there
};

/// Those there are: components of one transfer whose CurrentSymlink= is in a directory where
/// extensions are looked for.
std::vector<ExtensionComponent> extension_components(const base::Host &host);

/// As it is called where extensions are looked for.
std::string extension_name(const ExtensionComponent &component);

/// Nothing if there is none of that name.
std::optional<ExtensionComponent> find_component(const base::Host &host, const std::string &name);

/// Throws Kind::usage if there is a component of that name that says something else than
/// write_component() would, and for a name that no component can have.
void refuse_other_component(const base::Host &host,
                            const ExtensionOffer &offer,
                            const updater::ReleaseSource &source);

/// Writes the transfer of an extension, durably; as a whole or, after a cut, not at all.
void write_component(const base::Host &host,
                     const ExtensionOffer &offer,
                     const updater::ReleaseSource &source);

/// Takes away the link, so that the extension is not found any more.
void unlink_extension(const base::Host &host, const ExtensionComponent &component);
/// The link as it was, if it led somewhere.
void link_again(const base::Host &host,
                const ExtensionComponent &component,
                const std::string &target);

/// Has the link lead to this version. False: it is not here, and the link is as it was.
bool use_version(const base::Host &host,
                 const ExtensionComponent &component,
                 const std::string &version);

/// Removes the definitions, and then all versions. After a cut in between there is no component
/// any more, and remove_leftovers() goes on.
void remove_component(const base::Host &host, const ExtensionComponent &component);

/// Removes what no definition of a component owns any more; gives how many files that were.
std::size_t remove_leftovers(const base::Host &host, const std::string &name);

/// Where a key or root.json is kept, by its content: a path beneath the root.
std::string trust_path(const std::string &text);
/// Whether it is kept there.
bool has_trust(const base::Host &host, const std::string &text);
/// Keeps it there, durably.
void keep_trust(const base::Host &host, const std::string &text);
/// Takes it away again, if it is there.
void forget_trust(const base::Host &host, const std::string &text);

} // namespace handoff
