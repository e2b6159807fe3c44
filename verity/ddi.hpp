// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"
#include "verity/gpt.hpp"
#include "verity/image_policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace verity {

/// A file system in a disk image.
struct ImagePart {
  std::string designator; ///< "root", "usr", "var", "esp" or "xbootldr"
  base::ByteRange range;
  bool is_read_only = false; ///< its GPT flag says so

  /// Of the two copies in an A/B image the newer by label is the one that counts.
  std::string label;
};

/// The partitions of an image that make up its file system tree, by their types: those of this
/// architecture before others; of several root or /usr partitions the one with the newest label,
/// of other kinds the first; a lone generic Linux partition where there is no root. What the policy
/// leaves out is not in it. Throws untrusted where the policy is not met.
std::vector<ImagePart>
dissect(const GptTable &table, std::string_view architecture, const ImagePolicy &policy);

} // namespace verity
