// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"
#include "verity/digest.hpp"
#include "verity/gpt.hpp"
#include "verity/image_policy.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace verity {

/// A partition of a disk image that counts.
struct ImagePart {
  std::string designator; ///< "root", "usr", "var", "esp", "xbootldr", "root-verity", …
  base::ByteRange range;
  base::Uuid unique{};       ///< the PARTUUID
  bool is_read_only = false; ///< its GPT flag says so
  bool may_grow = false;     ///< as above

  /// Of the two copies in an A/B image the newer by label is the one that counts.
  std::string label{};
};

/// The partitions of an image that make up its file system tree, by their types: those of this
/// architecture before others; of several root or /usr partitions the one with the newest label,
/// of other kinds the first; a lone generic Linux partition where there is no root. What the policy
/// leaves out is not in it. Throws untrusted where the policy is not met.
std::vector<ImagePart>
dissect(const GptTable &table, std::string_view architecture, const ImagePolicy &policy);

/// A root or /usr partition with what protects it, as far as the image has that.
struct ProtectedPart {
  ImagePart data;
  std::optional<ImagePart> tree;      ///< the hash tree
  std::optional<ImagePart> signature; ///< see signature_partition.hpp
};

/// What somebody outside of the image says of one of its partitions.
struct KnownRootHash {
  std::string designator; ///< "root" or "usr"
  Sha256 root_hash;
  std::string source; ///< for messages: the file that says so
};

/// The root and /usr partitions of an extension image, chosen as by dissect(), each with the hash
/// tree and the signature of its architecture. Where a root hash is known, data and tree are those
/// whose UUIDs are its halves. What the policy ignores is not in it; what it says of protections is
/// not judged yet. Throws untrusted if a partition is there that has to be absent, or the other way
/// round, or if those of a known root hash are missing; config where parts do not belong together.
std::vector<ProtectedPart> extension_parts(const GptTable &table,
                                           std::string_view architecture,
                                           const ImagePolicy &policy,
                                           const std::optional<KnownRootHash> &known);

} // namespace verity
