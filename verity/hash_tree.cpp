// SPDX-License-Identifier: Apache-2.0
#include "verity/hash_tree.hpp"

#include "base/dir.hpp"
#include "base/error.hpp"
#include "base/little_endian.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace verity {

namespace {

// Byte offsets in the superblock; all numbers are little-endian.
constexpr std::string_view signature{"verity\0\0", 8};
constexpr std::size_t version_at = 8;
constexpr std::size_t hash_type_at = 12;
constexpr std::size_t uuid_at = 16;
constexpr std::size_t algorithm_at = 32;
constexpr std::size_t algorithm_room = 32;
constexpr std::size_t data_block_size_at = 64;
constexpr std::size_t hash_block_size_at = 68;
constexpr std::size_t data_blocks_at = 72;
constexpr std::size_t salt_size_at = 80;
constexpr std::size_t salt_at = 88;
constexpr std::size_t salt_limit = 256;

constexpr std::uint32_t block_size_least = 512;
constexpr std::uint32_t block_size_limit = 512 * 1024;
constexpr std::uint64_t data_limit = std::uint64_t{1} << 62U;
constexpr std::size_t read_step = std::size_t{1} << 20U;

using base::little_endian::load;
using base::little_endian::store;

std::string text_at(base::Bytes data, std::size_t at, std::size_t room)
{
  std::string text;
  for (std::size_t index = 0; index < room && data[at + index] != std::byte{}; ++index)
    text += static_cast<char>(data[at + index]);
  return text;
}

bool is_block_size(std::uint32_t size)
{
  return size >= block_size_least && size <= block_size_limit && std::has_single_bit(size);
}

std::string refuse_shape(const TreeShape &shape)
{
  for (const std::uint32_t size : {shape.data_block_size, shape.hash_block_size})
    if (!is_block_size(size))
      return fmt::format("a block size of {} is not a power of two within {} and {}",
                         size,
                         block_size_least,
                         block_size_limit);
  if (shape.data_blocks == 0 || shape.data_blocks > data_limit / shape.data_block_size)
    return fmt::format("{} data blocks are none or too many", shape.data_blocks);
  if (shape.salt.size() > salt_limit)
    return fmt::format("a salt of {} bytes is longer than {}", shape.salt.size(), salt_limit);
  return {};
}

void require_shape(const TreeShape &shape)
{
  if (const std::string refusal = refuse_shape(shape); !refusal.empty())
    base::fail(base::Kind::config, "this is no hash tree of dm-verity: {}", refusal);
}

base::Uuid half_of(const Sha256 &root, std::size_t from)
{
  base::Uuid result;
  for (std::size_t index = 0; index < result.bytes.size(); ++index)
    result.bytes[index] = std::to_integer<std::uint8_t>(root[from + index]);
  return result;
}

// Gives the data in pieces of whole blocks.
void for_each_piece(const TreeShape &shape,
                    const BlockReader &read,
                    const std::function<void(base::Bytes)> &take)
{
  const std::uint64_t step = std::max<std::uint64_t>(1, read_step / shape.data_block_size);
  std::vector<std::byte> piece;
  for (std::uint64_t block = 0; block < shape.data_blocks;) {
    const std::uint64_t count = std::min(step, shape.data_blocks - block);
    piece.resize(count * shape.data_block_size);
    read(block * shape.data_block_size, piece);
    take(piece);
    block += count;
  }
}

} // namespace

std::uint64_t digests_a_block(const TreeShape &shape)
{
  return shape.hash_block_size / sizeof(Sha256);
}

Sha256 salted(Digest &digest, const TreeShape &shape, base::Bytes block)
{
  digest.update(shape.salt);
  digest.update(block);
  return digest.finish();
}

std::vector<TreeLevel> levels_of(const TreeShape &shape)
{
  require_shape(shape);
  std::vector<TreeLevel> levels;
  const std::uint64_t fan = digests_a_block(shape);
  for (std::uint64_t below = shape.data_blocks; below > 1; below = levels.back().blocks)
    levels.push_back({0, (below - 1) / fan + 1});
  // On disk the top comes first, behind the superblock.
  std::uint64_t next = 1;
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    level->first_block = next;
    next += level->blocks;
  }
  return levels;
}

std::uint64_t data_bytes(const TreeShape &shape)
{
  return shape.data_blocks * shape.data_block_size;
}

std::uint64_t hash_bytes(const TreeShape &shape)
{
  std::uint64_t blocks = 1;
  for (const TreeLevel &level : levels_of(shape))
    blocks += level.blocks;
  return blocks * shape.hash_block_size;
}

SuperblockReading parse_superblock(base::Bytes data)
{
  if (data.size() < superblock_size ||
      std::memcmp(data.data(), signature.data(), signature.size()) != 0)
    return {std::nullopt, "there is no superblock of dm-verity"};
  const auto version = load<std::uint32_t>(data, version_at);
  const auto hash_type = load<std::uint32_t>(data, hash_type_at);
  if (version != 1 || hash_type != 1)
    return {
        std::nullopt,
        fmt::format("the superblock has version {} and hash type {}, and only 1 and 1 are known",
                    version,
                    hash_type)};
  const std::string algorithm = text_at(data, algorithm_at, algorithm_room);
  if (algorithm != "sha256")
    return {std::nullopt,
            fmt::format("the tree is made with \"{}\", and only sha256 is known", algorithm)};
  Superblock result;
  std::memcpy(result.uuid.bytes.data(), data.data() + uuid_at, result.uuid.bytes.size());
  result.shape.data_block_size = load<std::uint32_t>(data, data_block_size_at);
  result.shape.hash_block_size = load<std::uint32_t>(data, hash_block_size_at);
  result.shape.data_blocks = load<std::uint64_t>(data, data_blocks_at);
  const auto salt_size = load<std::uint16_t>(data, salt_size_at);
  const base::Bytes salt = data.subspan(salt_at, std::min<std::size_t>(salt_size, salt_limit));
  result.shape.salt.assign(salt.begin(), salt.end());
  if (salt_size > salt_limit)
    return {std::nullopt,
            fmt::format("a salt of {} bytes is longer than {}", salt_size, salt_limit)};
  if (std::string refusal = refuse_shape(result.shape); !refusal.empty())
    return {std::nullopt, std::move(refusal)};
  return {std::move(result), {}};
}

std::vector<std::byte> encode_superblock(const Superblock &superblock)
{
  const TreeShape &shape = superblock.shape;
  require_shape(shape);
  std::vector<std::byte> data(superblock_size);
  std::memcpy(data.data(), signature.data(), signature.size());
  store<std::uint32_t>(data, version_at, 1);
  store<std::uint32_t>(data, hash_type_at, 1);
  std::memcpy(data.data() + uuid_at, superblock.uuid.bytes.data(), superblock.uuid.bytes.size());
  std::memcpy(data.data() + algorithm_at, "sha256", 6);
  store(data, data_block_size_at, shape.data_block_size);
  store(data, hash_block_size_at, shape.hash_block_size);
  store(data, data_blocks_at, shape.data_blocks);
  store(data, salt_size_at, static_cast<std::uint16_t>(shape.salt.size()));
  std::copy(shape.salt.begin(), shape.salt.end(), data.begin() + salt_at);
  return data;
}

std::optional<std::string>
unfit(const TreeShape &shape, std::uint64_t data_length, std::uint64_t hash_length)
{
  if (std::string refusal = refuse_shape(shape); !refusal.empty())
    return refusal;
  if (data_bytes(shape) > data_length)
    return fmt::format(
        "the tree is about {} bytes of data, but there are {}", data_bytes(shape), data_length);
  if (hash_bytes(shape) > hash_length)
    return fmt::format("the tree needs {} bytes, but there are {}", hash_bytes(shape), hash_length);
  return std::nullopt;
}

BlockReader range_reader(const base::Fd &fd, std::uint64_t offset, std::uint64_t length)
{
  return [&fd, offset, length](std::uint64_t at, base::MutableBytes data) {
    if (at > length || data.size() > length - at ||
        base::read_at(fd, offset + at, data) != data.size())
      base::fail(base::Kind::io, "there are no {} bytes to read at offset {}", data.size(), at);
  };
}

TreeBuilder::TreeBuilder(TreeShape shape, BlockWriter write)
    : shape_(std::move(shape)), write_(std::move(write))
{
  for (const TreeLevel &place : levels_of(shape_))
    levels_.push_back({place, 0, {}});
}

void TreeBuilder::add(base::Bytes data)
{
  while (!data.empty()) {
    if (partial_.empty() && data.size() >= shape_.data_block_size) {
      add_block(data.first(shape_.data_block_size));
      data = data.subspan(shape_.data_block_size);
      continue;
    }
    const std::size_t count = std::min(data.size(), shape_.data_block_size - partial_.size());
    partial_.insert(
        partial_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
    data = data.subspan(count);
    if (partial_.size() == shape_.data_block_size) {
      add_block(partial_);
      partial_.clear();
    }
  }
}

void TreeBuilder::add_block(base::Bytes block)
{
  if (taken_ == shape_.data_blocks)
    base::fail(base::Kind::io,
               "the data is longer than the {} bytes that its hash tree is about",
               data_bytes(shape_));
  ++taken_;
  Digest digest;
  add_digest(0, salted(digest, shape_, block));
}

void TreeBuilder::add_digest(std::size_t level, const Sha256 &digest)
{
  if (level == levels_.size()) {
    root_ = digest;
    return;
  }
  std::vector<std::byte> &filled = levels_[level].filled;
  filled.insert(filled.end(), digest.begin(), digest.end());
  if (filled.size() == shape_.hash_block_size)
    end_block(level);
}

void TreeBuilder::end_block(std::size_t index)
{
  Level &level = levels_[index];
  level.filled.resize(shape_.hash_block_size); // the last block of a level ends in zeros
  if (write_)
    write_((level.place.first_block + level.done) * shape_.hash_block_size, level.filled);
  ++level.done;
  Digest digest;
  const Sha256 above = salted(digest, shape_, level.filled);
  level.filled.clear();
  add_digest(index + 1, above);
}

Sha256 TreeBuilder::finish()
{
  if (taken_ != shape_.data_blocks || !partial_.empty())
    base::fail(base::Kind::io,
               "the data ends after {} bytes, but its hash tree is about {}",
               taken_ * shape_.data_block_size + partial_.size(),
               data_bytes(shape_));
  for (std::size_t level = 0; level < levels_.size(); ++level)
    if (!levels_[level].filled.empty())
      end_block(level);
  return root_;
}

Sha256 build_tree(const TreeShape &shape, const BlockReader &data, const BlockWriter &write)
{
  TreeBuilder builder(shape, write);
  for_each_piece(shape, data, [&](base::Bytes piece) { builder.add(piece); });
  return builder.finish();
}

Sha256 root_hash(const TreeShape &shape, const BlockReader &data)
{
  return build_tree(shape, data, {});
}

base::Uuid data_partition_uuid(const Sha256 &root)
{
  return half_of(root, 0);
}

base::Uuid tree_partition_uuid(const Sha256 &root)
{
  return half_of(root, 16);
}

Sha256 root_hash_of(const base::Uuid &data_partition, const base::Uuid &tree_partition)
{
  Sha256 root{};
  const auto to_byte = [](std::uint8_t value) { return std::byte{value}; };
  std::transform(data_partition.bytes.begin(), data_partition.bytes.end(), root.begin(), to_byte);
  std::transform(
      tree_partition.bytes.begin(), tree_partition.bytes.end(), root.begin() + 16, to_byte);
  return root;
}

} // namespace verity
