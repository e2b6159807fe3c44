// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"
#include "base/uuid.hpp"
#include "verity/digest.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace verity {

/// What a dm-verity hash tree with SHA-256 is made by. A superblock on disk only claims it: what
/// decides is the root hash that was signed, and no claim may make a reader leave its partition
/// (see unfit).
struct TreeShape {
  std::uint32_t data_block_size = 4096;
  std::uint32_t hash_block_size = 4096;
  std::uint64_t data_blocks = 0;
  std::vector<std::byte> salt{}; ///< at most 256 bytes

  bool operator==(const TreeShape &) const = default;
};

/// One level of a tree, in hash blocks counted from the superblock's.
struct TreeLevel {
  std::uint64_t first_block;
  std::uint64_t blocks;
};

/// The levels from the one that holds the data's digests up to the single block at the top. None
/// for one block of data, whose digest is the root hash itself.
std::vector<TreeLevel> levels_of(const TreeShape &shape);

/// How many digests one hash block holds.
std::uint64_t digests_a_block(const TreeShape &shape);

/// The digest of one block of data or tree: in format 1 of dm-verity the salt comes first.
Sha256 salted(Digest &digest, const TreeShape &shape, base::Bytes block);

/// The bytes of data that the tree is about.
std::uint64_t data_bytes(const TreeShape &shape);
/// The bytes of superblock and tree together, the former taking one hash block.
std::uint64_t hash_bytes(const TreeShape &shape);

/// The superblock, version 1, as veritysetup writes it.
struct Superblock {
  base::Uuid uuid; ///< of the tree; decides nothing
  TreeShape shape;

  bool operator==(const Superblock &) const = default;
};

constexpr std::size_t superblock_size = 512;

struct SuperblockReading {
  std::optional<Superblock> superblock;
  std::string refusal;
};

/// Accepts what strake can check: version 1, SHA-256, block sizes and a salt as dm-verity has them.
SuperblockReading parse_superblock(base::Bytes data);
std::vector<std::byte> encode_superblock(const Superblock &superblock);

/// Nothing if data and tree of this shape lie within so many bytes each; else why not, as a
/// sentence.
std::optional<std::string>
unfit(const TreeShape &shape, std::uint64_t data_length, std::uint64_t hash_length);

/// Fills `data` from `offset` on, whole, or throws.
using BlockReader = std::function<void(std::uint64_t offset, base::MutableBytes data)>;
/// Takes one hash block, at a byte offset from the superblock.
using BlockWriter = std::function<void(std::uint64_t offset, base::Bytes data)>;

/// Reads a range of a file or device. Beyond `length` it fails with Kind::io. `fd` must outlive it.
BlockReader range_reader(const base::Fd &fd, std::uint64_t offset, std::uint64_t length);

/// Builds a tree while the data comes by. Holds one hash block a level, however large the data.
class TreeBuilder {
public:
  /// Without a writer only the root hash is computed. Fails with Kind::config on a shape that
  /// dm-verity does not have.
  explicit TreeBuilder(TreeShape shape, BlockWriter write = {});

  /// The next bytes of the data, in pieces of any size.
  void add(base::Bytes data);
  /// The root hash. Fails with Kind::io if the data was not as long as the shape says.
  Sha256 finish();

private:
  struct Level {
    TreeLevel place;
    std::uint64_t done = 0;        ///< hash blocks written
    std::vector<std::byte> filled; ///< the digests of the present one
  };

  void add_block(base::Bytes block);
  void add_digest(std::size_t level, const Sha256 &digest);
  void end_block(std::size_t level);

  TreeShape shape_;
  BlockWriter write_;
  std::vector<Level> levels_;
  std::vector<std::byte> partial_;
  std::uint64_t taken_ = 0; ///< data blocks
  Sha256 root_{};
};

/// The tree of data that can be read; the root hash is returned.
Sha256 build_tree(const TreeShape &shape, const BlockReader &data, const BlockWriter &write);
Sha256 root_hash(const TreeShape &shape, const BlockReader &data);

/// The Discoverable Partitions Specification names a partition and its tree by the two halves of
/// the root hash, so that each can be found from the hash alone.
base::Uuid data_partition_uuid(const Sha256 &root);
base::Uuid tree_partition_uuid(const Sha256 &root);
/// The root hash whose halves they are.
Sha256 root_hash_of(const base::Uuid &data_partition, const base::Uuid &tree_partition);

} // namespace verity
