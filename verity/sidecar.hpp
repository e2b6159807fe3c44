// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "verity/ddi.hpp"

#include <optional>
#include <string>

namespace verity {

/// What lies beside an image about its protection: NAME.roothash or NAME.usrhash, the same with
/// .p7s behind it, and NAME.verity, where NAME is the image's path without ".raw"; or the root hash
/// in the image's extended attributes user.verity.roothash and .usrhash, which go before the files.
struct Sidecar {
  std::string name;                         ///< NAME
  std::optional<KnownRootHash> root_hash{}; ///< of root, else of /usr
  std::string signature{};                  ///< PKCS#7, DER; empty if there is none
  base::Fd tree{};                          ///< NAME.verity; not valid if there is none
};

/// Reads it beneath `root`. Throws Kind::config, naming the file, for one that does not hold what
/// its name says.
Sidecar read_sidecar(const base::Dir &root, const std::string &image_path, const base::Fd &image);

/// The path without ".raw".
std::string sidecar_name(const std::string &image_path);

} // namespace verity
