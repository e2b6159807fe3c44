// SPDX-License-Identifier: Apache-2.0
#include "verity/tree_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace verity {

namespace {

// Small enough to stay in a core's own cache between the read and the digest.
constexpr std::size_t read_step = std::size_t{32} << 10U;

} // namespace

std::string text_of(const BadBlock &bad)
{
  return fmt::format(
      "block {} of the {}", bad.block, bad.where == BadBlock::Where::data ? "data" : "hash tree");
}

TreeWalk::TreeWalk(const TreeShape &shape, const BlockReader &tree, const Sha256 &root)
    : shape_(shape), read_(tree), root_(root)
{
  for (const TreeLevel &place : levels_of(shape))
    levels_.push_back({place, std::nullopt, std::vector<std::byte>(shape.hash_block_size)});
}

std::optional<Sha256> TreeWalk::expected(std::size_t level, std::uint64_t index)
{
  if (level == levels_.size())
    return root_;
  const Level &here = levels_[level];
  const std::uint64_t block = index / digests_a_block(shape_);
  if (here.held != block && !load(level, block))
    return std::nullopt;
  Sha256 digest{};
  std::memcpy(digest.data(),
              here.content.data() + index % digests_a_block(shape_) * digest.size(),
              digest.size());
  return digest;
}

bool TreeWalk::load(std::size_t level, std::uint64_t block)
{
  const auto wanted = expected(level + 1, block);
  if (!wanted)
    return false;
  Level &here = levels_[level];
  here.held.reset();
  const std::uint64_t position = here.place.first_block + block;
  read_(position * shape_.hash_block_size, here.content);
  if (salted(digest_, shape_, here.content) != *wanted) {
    bad_block_ = position;
    return false;
  }
  here.held = block;
  return true;
}

BlockChecker::BlockChecker(const TreeShape &shape,
                           const BlockReader &data,
                           const BlockReader &tree,
                           const Sha256 &root)
    : shape_(shape), read_(data), walk_(shape, tree, root)
{
}

std::optional<BadBlock> BlockChecker::check(std::uint64_t first, std::uint64_t count)
{
  const std::uint64_t step = std::max<std::uint64_t>(1, read_step / shape_.data_block_size);
  for (const std::uint64_t end = first + count; first < end;) {
    const std::uint64_t blocks = std::min(step, end - first);
    piece_.resize(blocks * shape_.data_block_size);
    read_(first * shape_.data_block_size, piece_);
    if (const auto bad = check_piece(first))
      return bad;
    first += blocks;
  }
  return std::nullopt;
}

std::optional<BadBlock> BlockChecker::check_piece(std::uint64_t first)
{
  const std::size_t size = shape_.data_block_size;
  for (std::size_t index = 0; index < piece_.size() / size; ++index) {
    const auto wanted = walk_.expected(first + index);
    if (!wanted)
      return BadBlock{BadBlock::Where::tree, walk_.bad_block()};
    if (salted(digest_, shape_, base::Bytes(piece_).subspan(index * size, size)) != *wanted)
      return BadBlock{BadBlock::Where::data, first + index};
  }
  return std::nullopt;
}

std::optional<BadBlock> first_bad_block(const TreeShape &shape,
                                        const BlockReader &data,
                                        const BlockReader &tree,
                                        const Sha256 &root)
{
  return BlockChecker(shape, data, tree, root).check(0, shape.data_blocks);
}

} // namespace verity
