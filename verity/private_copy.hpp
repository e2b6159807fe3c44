// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/hash_tree.hpp"

#include <cstdint>
#include <string>

namespace verity {

/// A part of an open file or device.
struct FileRange {
  const base::Fd &file;
  base::ByteRange range;
};

/// Data with its hash tree, the superblock in front.
struct HashedData {
  FileRange data;
  FileRange tree;
  TreeShape shape;
  Sha256 root_hash;
};

/// Where private copies go.
struct CopyPlace {
  std::uint64_t memory_limit = std::uint64_t{64} << 20U; ///< larger ones go to disk
  std::string directory = "/var/lib/strake/verified";    ///< of the machine, for root only
};

/// A copy of the data that nobody else can change, given back only if all of it is what the root
/// hash says: a sealed file in memory, or one without a name on disk. It is gone with the last
/// descriptor or mount of it. The copy is read and checked on all cores while it is being made, in
/// memory that does not grow with it. Throws untrusted, with the first bad block, where data or
/// tree is not what was hashed.
base::Fd checked_copy(const base::Host &host, const HashedData &source, const CopyPlace &place);

} // namespace verity
