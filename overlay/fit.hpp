// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/host.hpp"
#include "overlay/extension_class.hpp"
#include "overlay/release.hpp"

#include <map>
#include <optional>
#include <string>

namespace overlay {

/// The system that extensions are put over.
struct Target {
  std::map<std::string, std::string> os_release;
  bool is_initrd = false;   ///< it has /etc/initrd-release
  std::string architecture; ///< "x86-64"
};

/// The host's root as a target. $SYSTEMD_OS_RELEASE, a path beneath the root, takes the place of
/// its os-release. Throws Kind::config if there is none, or one without ID=.
Target read_target(const base::Host &host);

/// The same with another os-release: the file at a path beneath the root. Throws Kind::not_found if
/// there is none, Kind::config if it has no ID=.
Target read_target(const base::Host &host, const std::string &os_release);

/// Whether something holds, and why not.
struct Verdict {
  bool fits = true;
  /// For programs, "" where it fits: "no-release", "scope", "architecture", "id-missing", "id",
  /// "level", "version-id", "match-build-id", "match-image-id", "match-image-version",
  /// "match-version-id", "os-release".
  std::string rule;
  std::string why; ///< a sentence without its end, with both values
  std::string fix; ///< what to do about it, likewise

  bool operator==(const Verdict &) const = default;
};

/// Judges an extension by its release data as systemd does, in this order: scope, architecture,
/// ID (also one of the target's ID_LIKE=), then level or VERSION_ID; with ID=_any neither.
///
/// Strake's own keys come last, and are for extensions that want to say more:
/// STRAKE_MATCH_BUILD_ID=, STRAKE_MATCH_IMAGE_ID=, STRAKE_MATCH_IMAGE_VERSION= and
/// STRAKE_MATCH_VERSION_ID=. Each is a list of comparisons that must all hold for that field of the
/// target's os-release, as versions:
/// ">=24.04 <25"; a value alone must be equal. With STRAKE_MATCH_VERSION_ID= the extension needs
/// no VERSION_ID=; systemd, which doesn't know it, will not take such an extension.
Verdict fits(const std::optional<Release> &release, const Target &target, Class extension_class);

/// A system extension must not bring an os-release: it would hide the system's own, so that every
/// extension after it was judged by the wrong one.
/// `place` is where the tree lies in the extension, as for read_release.
Verdict judge_content(const base::Dir &tree, Class extension_class, std::string_view place = "");

} // namespace overlay
