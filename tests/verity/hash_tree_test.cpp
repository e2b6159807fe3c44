// SPDX-License-Identifier: Apache-2.0
#include "base/dir.hpp"
#include "base/error.hpp"
#include "base/program.hpp"
#include "support/temp_root.hpp"
#include "verity/hash_tree.hpp"
#include "verity/tree_check.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <map>

TEST_SUITE_BEGIN("verity/hash_tree");

using verity::BadBlock;
using verity::Sha256;
using verity::TreeShape;

namespace {

// Different in every block, and not compressible into any pattern of the tree.
std::string data_of(std::uint64_t blocks, std::size_t block_size)
{
  std::string data(blocks * block_size, '\0');
  std::uint64_t value = 1;
  for (std::size_t at = 0; at < data.size(); at += 64) {
    value = value * 6364136223846793005U + 1442695040888963407U;
    std::memcpy(data.data() + at, &value, sizeof value);
  }
  return data;
}

verity::BlockReader reader_of(const std::string &text)
{
  return [&text](std::uint64_t offset, base::MutableBytes data) {
    REQUIRE(offset + data.size() <= text.size());
    std::memcpy(data.data(), text.data() + offset, data.size());
  };
}

TreeShape shape_of(std::uint64_t blocks, std::size_t salt_size)
{
  return {.data_blocks = blocks, .salt = std::vector<std::byte>(salt_size, std::byte{0xa5})};
}

std::optional<BadBlock> first_bad_block(const TreeShape &shape,
                                        const std::string &data,
                                        const std::string &tree,
                                        const Sha256 &root)
{
  const verity::BlockReader reader = reader_of(tree);
  return verity::BlockChecker(shape, reader, root).check(0, std::as_bytes(std::span(data)));
}

struct Built {
  std::string tree; // with an empty superblock
  Sha256 root;
};

Built build(const TreeShape &shape, const std::string &data)
{
  Built built;
  built.tree.resize(verity::hash_bytes(shape));
  std::map<std::uint64_t, int> written;
  built.root =
      verity::build_tree(shape, reader_of(data), [&](std::uint64_t offset, base::Bytes block) {
        REQUIRE(offset >= shape.hash_block_size);
        REQUIRE(offset + block.size() <= built.tree.size());
        std::memcpy(built.tree.data() + offset, block.data(), block.size());
        ++written[offset];
      });
  CHECK(written.size() == built.tree.size() / shape.hash_block_size - 1);
  return built;
}

std::string field(const std::string &output, const std::string &name)
{
  const std::size_t at = output.find(name);
  REQUIRE(at != std::string::npos);
  const std::size_t begin = output.find_first_not_of(" \t", at + name.size());
  return output.substr(begin, output.find('\n', begin) - begin);
}

std::string bytes_text(const std::vector<std::byte> &bytes)
{
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

} // namespace

TEST_CASE("trees are those of veritysetup, which accepts ours")
{
  base::ProcessRunner runner;
  const support::TempRoot root;
  const std::string data_path = root.path() + "/data";
  const std::string hash_path = root.path() + "/hash";
  for (const std::uint64_t blocks : {1U, 2U, 128U, 129U, 128U * 128U + 1U})
    for (const std::size_t salt_size : {0U, 32U}) {
      CAPTURE(blocks);
      CAPTURE(salt_size);
      const std::string data = data_of(blocks, 4096);
      const TreeShape shape = shape_of(blocks, salt_size);
      root.write("data", data);
      root.write("hash", "");
      std::string salt = salt_size == 0 ? "-" : "";
      for (std::size_t index = 0; index < salt_size; ++index)
        salt += "a5";
      const base::Finished made =
          runner.run({.argv = {"veritysetup", "format", "--salt=" + salt, data_path, hash_path}});
      REQUIRE_MESSAGE(made.status == 0, made.errors);
      const std::string theirs = root.read("hash");

      const auto reading = verity::parse_superblock(std::as_bytes(std::span(theirs)));
      REQUIRE_MESSAGE(reading.superblock, reading.refusal);
      CHECK(reading.superblock->shape == shape);
      CHECK(reading.superblock->uuid.text() == field(made.output, "UUID:"));
      CHECK(bytes_text(verity::encode_superblock(*reading.superblock)) == theirs.substr(0, 512));

      const Built ours = build(shape, data);
      CHECK(verity::hex(ours.root) == field(made.output, "Root hash:"));
      CHECK(verity::root_hash(shape, reader_of(data)) == ours.root);
      CHECK((ours.tree.substr(4096) == (theirs.size() > 4096 ? theirs.substr(4096) : "")));
      CHECK_FALSE(first_bad_block(shape, data, theirs, ours.root));

      root.write("hash",
                 bytes_text(verity::encode_superblock(*reading.superblock)) +
                     ours.tree.substr(512));
      const base::Finished judged = runner.run(
          {.argv = {"veritysetup", "verify", data_path, hash_path, verity::hex(ours.root)}});
      CHECK_MESSAGE(judged.status == 0, judged.errors);
    }
}

TEST_CASE("blocks of other sizes make the tree of veritysetup too")
{
  base::ProcessRunner runner;
  const support::TempRoot root;
  for (const std::uint32_t data_block : {512U, 4096U})
    for (const std::uint32_t hash_block : {512U, 1024U, 4096U}) {
      const std::string data = data_of(300, data_block);
      root.write("data", data);
      root.write("hash", "");
      const base::Finished made =
          runner.run({.argv = {"veritysetup",
                               "format",
                               "--salt=-",
                               "--data-block-size=" + std::to_string(data_block),
                               "--hash-block-size=" + std::to_string(hash_block),
                               root.path() + "/data",
                               root.path() + "/hash"}});
      REQUIRE_MESSAGE(made.status == 0, made.errors);
      const std::string theirs = root.read("hash");
      const TreeShape shape =
          verity::parse_superblock(std::as_bytes(std::span(theirs))).superblock.value().shape;
      CHECK(shape.data_block_size == data_block);
      CHECK(shape.hash_block_size == hash_block);
      const Built ours = build(shape, data);
      CHECK((ours.tree.substr(hash_block) == theirs.substr(hash_block)));
      CHECK(verity::hex(ours.root) == field(made.output, "Root hash:"));
    }
}

TEST_CASE("the first bad block is named, be it of data or of the tree")
{
  const TreeShape shape = shape_of(128 * 128 + 1, 32);
  const std::string data = data_of(shape.data_blocks, 4096);
  const Built built = build(shape, data);
  const auto levels = verity::levels_of(shape);
  REQUIRE(levels.size() == 3);
  CHECK(levels[0].blocks == 129);
  CHECK(levels[2].first_block == 1);
  CHECK(levels[1].first_block == 2);
  CHECK(levels[0].first_block == 4);

  for (const std::uint64_t block : {0U, 127U, 128U, 16384U}) {
    std::string spoiled = data;
    spoiled[block * 4096 + 4095] ^= 1;
    spoiled[spoiled.size() - 2] ^= 1; // a later one
    CHECK(first_bad_block(shape, spoiled, built.tree, built.root) ==
          BadBlock{BadBlock::Where::data, block});
  }
  for (const std::uint64_t block : {1U, 2U, 3U, 4U, 5U, 132U}) {
    std::string spoiled = built.tree;
    spoiled[block * 4096] ^= 1;
    CHECK(first_bad_block(shape, data, spoiled, built.root) ==
          BadBlock{BadBlock::Where::tree, block});
  }
  Sha256 other = built.root;
  other[31] ^= std::byte{1};
  CHECK(first_bad_block(shape, data, built.tree, other) == BadBlock{BadBlock::Where::tree, 1});
}

TEST_CASE("a single block of data is checked against the root hash itself")
{
  const TreeShape shape = shape_of(1, 0);
  const std::string data = data_of(1, 4096);
  const Built built = build(shape, data);
  CHECK(built.root == verity::digest_of(std::as_bytes(std::span(data))));
  std::string spoiled = data;
  spoiled[7] ^= 1;
  CHECK(first_bad_block(shape, spoiled, built.tree, built.root) ==
        BadBlock{BadBlock::Where::data, 0});
}

TEST_CASE("a tree can be built from pieces of any size, but not from too much or too little")
{
  const TreeShape shape = shape_of(200, 32);
  const std::string data = data_of(200, 4096);
  const Sha256 expected = verity::root_hash(shape, reader_of(data));
  const base::Bytes all = std::as_bytes(std::span(data));
  for (const std::size_t step : {1000U, 4096U, 5000U, 100000U}) {
    verity::TreeBuilder builder(shape);
    for (std::size_t at = 0; at < all.size(); at += step)
      builder.add(all.subspan(at, std::min(step, all.size() - at)));
    CHECK(builder.finish() == expected);
  }
  verity::TreeBuilder builder(shape);
  builder.add(all.first(all.size() - 1));
  CHECK_THROWS_WITH_AS((void)builder.finish(),
                       "the data ends after 819199 bytes, but its hash tree is about 819200",
                       base::Error);
  builder.add(all.last(1));
  CHECK_THROWS_WITH_AS(builder.add(all.first(4096)), doctest::Contains("longer than"), base::Error);
}

TEST_CASE("a superblock that claims what strake does not know is refused with the reason")
{
  struct Case {
    std::size_t at;
    std::string bytes;
    std::string refusal;
  };

  const auto good = verity::encode_superblock({{}, shape_of(10, 32)});
  REQUIRE(verity::parse_superblock(good).superblock);
  const std::vector<Case> cases = {
      {0, "X", "there is no superblock of dm-verity"},
      {8, "\2", "the superblock has version 2 and hash type 1, and only 1 and 1 are known"},
      {12, std::string(1, '\0'), "the superblock has version 1 and hash type 0"},
      {32, "md5\n", "the tree is made with \"md5\n56\", and only sha256 is known"},
      {32, "sha512", "and only sha256 is known"},
      {64, "\1", "a block size of 4097 is not a power of two within 512 and 524288"},
      {68, std::string("\0\0\0\0", 4), "a block size of 0 is not a power of two"},
      {72, std::string(8, '\0'), "0 data blocks are none or too many"},
      {72, std::string(8, '\xff'), "18446744073709551615 data blocks are none or too many"},
      {80, "\1\1", "a salt of 257 bytes is longer than 256"},
  };
  for (const Case &one : cases) {
    auto data = good;
    std::memcpy(data.data() + one.at, one.bytes.data(), one.bytes.size());
    const auto reading = verity::parse_superblock(data);
    CHECK_FALSE(reading.superblock);
    CHECK_MESSAGE(reading.refusal.find(one.refusal) != std::string::npos, reading.refusal);
  }
  CHECK_FALSE(verity::parse_superblock(base::Bytes(good).first(511)).superblock);
}

TEST_CASE("a shape that would leave its partition is told before anything is read")
{
  const TreeShape shape = shape_of(10, 0);
  CHECK_FALSE(verity::unfit(shape, 40960, 8192));
  CHECK(verity::unfit(shape, 40959, 8192) ==
        "the tree is about 40960 bytes of data, but there are 40959");
  CHECK(verity::unfit(shape, 40960, 8191) == "the tree needs 8192 bytes, but there are 8191");
  CHECK_THROWS_AS((void)verity::levels_of({}), base::Error);

  const support::TempRoot root({{"file", "0123456789"}});
  const base::Fd fd = root.dir().file("file");
  const auto read = verity::range_reader(fd, 2, 4);
  std::string text(2, ' ');
  read(1, std::as_writable_bytes(std::span(text)));
  CHECK(text == "34");
  CHECK_THROWS_AS(read(3, std::as_writable_bytes(std::span(text))), base::Error);
  CHECK_THROWS_AS(read(~std::uint64_t{0}, std::as_writable_bytes(std::span(text))), base::Error);
}

TEST_CASE("a partition and its tree are named by the halves of the root hash")
{
  const Sha256 root =
      verity::parse_sha256("00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0")
          .value();
  CHECK(verity::data_partition_uuid(root).text() == "00112233-4455-6677-8899-aabbccddeeff");
  CHECK(verity::tree_partition_uuid(root).text() == "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
}
