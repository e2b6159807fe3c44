// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/image_file.hpp"
#include "verity/digest.hpp"
#include "verity/release_manifest.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// A file of a repository.
struct OfferedFile {
  ImageFile name;
  std::uint64_t size = 0;
  verity::Sha256 sha256{};

  bool operator==(const OfferedFile &) const = default;
};

/// All of one version.
struct OfferedVersion {
  std::string version;
  std::optional<std::chrono::sys_seconds> published{};
  std::vector<OfferedFile> files; ///< images first, then what lies beside them; by name
};

/// An extension, or whatever else has a name and versions.
struct OfferedName {
  std::string name;
  verity::ReleaseKind kind = verity::ReleaseKind::sysext; ///< of the newest version
  std::string description{};                              ///< of the newest version that has one
  std::vector<OfferedVersion> versions;                   ///< the newest first
};

/// What a repository offers as people look at it: by name, in byte order.
using Catalogue = std::vector<OfferedName>;

/// The catalogue of these releases, less those that were withdrawn. Throws Kind::untrusted for a
/// file that is not named as published files are.
Catalogue catalogue_of(const std::vector<verity::Release> &releases);

/// The files of a release, likewise.
std::vector<OfferedFile> files_of(const verity::Release &release);

/// The architectures that have an image in a version; an empty text is any.
std::vector<std::string> architectures_of(const OfferedVersion &version);

/// The image of a version for an architecture, if there is one.
const OfferedFile *image_of(const OfferedVersion &version, const std::string &architecture);

/// The series that the versions of a name belong to, "1.32" for 1.32.4: the newest first, and only
/// where there are several, so that to stay in one of them is a choice.
std::vector<std::string> series_of(const OfferedName &offered);

/// How the repository is reached, and who signs it: what definitions and pages say about it.
struct Site {
  std::string name; ///< of the repository
  std::string url;  ///< without a "/" at its end
  /// What verifies SHA256SUMS.gpg, as a binary keyring; empty: there is no such signature.
  std::string openpgp_keyring{};
  std::string minisign_key{}; ///< the second line of NAME.pub
  std::uint64_t sequence = 0;
  std::chrono::sys_seconds issued{};
  std::chrono::sys_seconds expires{};

  [[nodiscard]] bool is_signed_by_openpgp() const { return !openpgp_keyring.empty(); }
};

} // namespace bakery
