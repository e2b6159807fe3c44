// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/digest.hpp"
#include "verity/signature_partition.hpp"

#include <optional>
#include <string>

namespace bakery {

/// What a disk image is made of, besides the file system.
struct DdiFacts {
  std::string identity;     ///< what salt and UUIDs are made of: the name of the image
  std::string designator;   ///< "root" or "usr"
  std::string architecture; ///< as systemd calls it
  std::string label;        ///< of the partitions; left out where it does not fit
};

/// The root hash of a file system, and its hash tree in a new file.
struct HashedFileSystem {
  verity::Sha256 root_hash{};
  base::Fd tree;
};

/// The hash tree of a file system, with a superblock: salted, SHA-256, blocks of 4096 bytes. The
/// same for the same bytes and identity. `scratch` is where the tree lies, as a file without name.
HashedFileSystem hash_file_system(base::Sys &sys,
                                  const base::Fd &file_system,
                                  const DdiFacts &facts,
                                  const base::Dir &scratch);

/// Writes a disk image (UAPI.3) into the empty file `image`: a partition table with the file
/// system, its hash tree, and the signature if there is one, named and typed as the Discoverable
/// Partitions Specification wants it. Nothing but these decides about its bytes. Throws
/// Kind::config for an architecture without partition types.
void write_ddi(base::Sys &sys,
               const base::Fd &image,
               const base::Fd &file_system,
               const HashedFileSystem &hashed,
               const std::optional<verity::RootHashSignature> &signature,
               const DdiFacts &facts);

} // namespace bakery
