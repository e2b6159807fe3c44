// SPDX-License-Identifier: Apache-2.0
#include "verity/tree_check.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <cstring>

namespace verity {

std::string text_of(const BadBlock &bad)
{
  return fmt::format(
      "block {} of the {}", bad.block, bad.where == BadBlock::Where::data ? "data" : "hash tree");
}

void refuse(const BadBlock &bad, const Sha256 &root)
{
  base::fail(base::Kind::untrusted,
             "{} is not what the root hash {} says; the image is damaged or was changed, so get it "
             "anew",
             text_of(bad),
             hex(root));
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

BlockChecker::BlockChecker(const TreeShape &shape, const BlockReader &tree, const Sha256 &root)
    : shape_(shape), walk_(shape, tree, root)
{
}

std::optional<BadBlock> BlockChecker::check(std::uint64_t first, base::Bytes blocks)
{
  for (std::uint64_t block = first; !blocks.empty(); ++block) {
    const auto wanted = walk_.expected(block);
    if (!wanted)
      return BadBlock{BadBlock::Where::tree, walk_.bad_block()};
    if (salted(digest_, shape_, blocks.first(shape_.data_block_size)) != *wanted)
      return BadBlock{BadBlock::Where::data, block};
    blocks = blocks.subspan(shape_.data_block_size);
  }
  return std::nullopt;
}

} // namespace verity
