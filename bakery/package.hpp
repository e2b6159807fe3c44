// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/store.hpp"
#include "base/host.hpp"

#include <string>

namespace bakery {

/// A Debian package, as it is asked for.
struct PackageName {
  std::string name;
  std::string version;
  std::string architecture; ///< as systemd calls it; "any" for this machine's
};

/// What a package says of itself.
struct PackageFacts {
  std::string name;
  std::string version;
  std::string architecture; ///< as Debian calls it
};

/// Debian's name of an architecture: "amd64" of "x86-64". The text itself if it has none.
std::string debian_architecture(const std::string &architecture);

/// Gets a package from where this machine's apt has it, into the store, unless that has it. Throws
/// Kind::not_found with what apt says if it does not know that version.
base::Fd fetch_package(const base::Host &host,
                       Store &store,
                       const PackageName &wanted,
                       const verity::Sha256 &hash);

/// Unpacks the files of a package into `into`, which is empty, by way of `scratch`, another empty
/// directory, and says what it is. Maintainer scripts are not run, nor looked at. Throws
/// Kind::untrusted for what is no sound package, or not the one of that name and version.
PackageFacts unpack_package(base::Sys &sys,
                            const base::Fd &package,
                            const base::Dir &into,
                            const base::Dir &scratch);

/// A package's version as an image can have it: without epoch, since ":" can be in no version, and
/// with "^" for "+", which comes before boot counters in names; both sort alike (UAPI.10).
std::string image_version(std::string_view package_version);

} // namespace bakery
