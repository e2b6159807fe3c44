// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/hash_tree.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace verity {

struct BadBlock {
  enum class Where { data, tree };

  Where where;
  std::uint64_t block; ///< a data block, or a hash block counted from the superblock's

  bool operator==(const BadBlock &) const = default;
};

/// "block 7 of the data", "block 3 of the hash tree".
std::string text_of(const BadBlock &bad);

/// Throws untrusted, with what to do about the block.
[[noreturn]] void refuse(const BadBlock &bad, const Sha256 &root);

/// Goes through a tree, keeping the one block of each level that is needed, and trusts a block only
/// after its digest was found in the trusted one above it.
class TreeWalk {
public:
  /// `tree` reads from the superblock on, which itself is not looked at. All three must outlive it.
  /// Fails with Kind::config on a shape that dm-verity does not have.
  TreeWalk(const TreeShape &shape, const BlockReader &tree, const Sha256 &root);

  /// What the digest of a data block has to be; nothing if a block on the way to it is bad.
  std::optional<Sha256> expected(std::uint64_t data_block) { return expected(0, data_block); }

  /// The hash block that was bad, after expected() gave nothing.
  [[nodiscard]] std::uint64_t bad_block() const { return bad_block_; }

private:
  struct Level {
    TreeLevel place;
    std::optional<std::uint64_t> held;
    std::vector<std::byte> content;
  };

  std::optional<Sha256> expected(std::size_t level, std::uint64_t index);
  bool load(std::size_t level, std::uint64_t block);

  const TreeShape &shape_;
  const BlockReader &read_;
  const Sha256 &root_;
  Digest digest_;
  std::vector<Level> levels_;
  std::uint64_t bad_block_ = 0;
};

/// Checks data blocks against a tree and its root hash, as the kernel would on reading them. Holds
/// one hash block a level. One thread may use it; several may each have their own with the same
/// reader.
class BlockChecker {
public:
  /// As for TreeWalk.
  BlockChecker(const TreeShape &shape, const BlockReader &tree, const Sha256 &root);

  /// The first bad one of these whole blocks, which begin with block `first` of the data; nothing
  /// if all are well. Fails as the reader does.
  std::optional<BadBlock> check(std::uint64_t first, base::Bytes blocks);

private:
  const TreeShape &shape_;
  TreeWalk walk_;
  Digest digest_;
};

} // namespace verity
