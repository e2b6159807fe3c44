// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "verity/parallel_check.hpp"

#include <doctest/doctest.h>

#include <cstring>

TEST_SUITE_BEGIN("verity/parallel_check");

using verity::BadBlock;

namespace {

constexpr std::uint64_t blocks = 3000; // several units for each thread

verity::BlockReader reader_of(const std::string &text)
{
  return [&text](std::uint64_t offset, base::MutableBytes data) {
    if (offset + data.size() > text.size())
      base::fail(base::Kind::io, "there is no more");
    std::memcpy(data.data(), text.data() + offset, data.size());
  };
}

base::Fd file_of(const std::string &text)
{
  base::LinuxSys sys;
  base::Fd file = sys.create_in_memory("test");
  sys.write_at(file, 0, std::as_bytes(std::span(text)));
  return file;
}

struct Hashed {
  verity::TreeShape shape{.data_blocks = blocks, .salt = {std::byte{7}}};
  std::string data = std::string(blocks * 4096, '\0');
  std::string tree;
  verity::Sha256 root{};

  Hashed()
  {
    for (std::uint64_t block = 0; block < blocks; ++block)
      std::memcpy(data.data() + block * 4096, &block, sizeof block);
    rebuild();
  }

  void rebuild()
  {
    tree.assign(verity::hash_bytes(shape), '\0');
    root = verity::build_tree(shape, reader_of(data), [&](std::uint64_t offset, base::Bytes block) {
      std::memcpy(tree.data() + offset, block.data(), block.size());
    });
  }

  std::optional<BadBlock> check(unsigned threads, std::uint64_t step = 1 << 20U)
  {
    const base::Fd file = file_of(data);
    verity::ParallelCheck check(shape, file, reader_of(tree), root, threads);
    for (std::uint64_t done = 0; done < data.size();) {
      done = std::min<std::uint64_t>(done + step, data.size());
      if (!check.arrived(done))
        break;
    }
    return check.finish();
  }
};

} // namespace

TEST_CASE("all threads together find what one finds")
{
  Hashed hashed;
  for (const unsigned threads : {0U, 1U, 2U, 7U})
    for (const std::uint64_t step : {4096U, 100'000U, 1U << 30U}) {
      CAPTURE(threads);
      CAPTURE(step);
      CHECK_FALSE(hashed.check(threads, step));
    }
}

TEST_CASE("units that are longer than a piece are checked to their end")
{
  Hashed hashed;
  hashed.shape.hash_block_size = 16384; // 512 digests, and so two pieces of 1 MiB
  hashed.rebuild();
  CHECK_FALSE(hashed.check(2));
  for (const std::uint64_t block : {255U, 256U, 511U, 512U, 2999U}) {
    Hashed spoiled = hashed;
    spoiled.data[block * 4096] = static_cast<char>(spoiled.data[block * 4096] ^ 1);
    CHECK(spoiled.check(2) == BadBlock{BadBlock::Where::data, block});
  }
}

TEST_CASE("the first of many bad blocks is reported, however many threads look")
{
  Hashed hashed;
  for (const std::uint64_t block : {2999U, 2000U, 1023U, 700U})
    hashed.data[block * 4096 + 100] = 'x';
  for (int round = 0; round < 20; ++round)
    CHECK(hashed.check(4) == BadBlock{BadBlock::Where::data, 700});
  hashed.tree[2 * 4096] = static_cast<char>(hashed.tree[2 * 4096] ^ 1); // the first leaf
  CHECK(hashed.check(4) == BadBlock{BadBlock::Where::tree, 2});
}

TEST_CASE("a check that is given up leaves no thread behind")
{
  Hashed hashed;
  const base::Fd file = file_of(hashed.data);
  verity::ParallelCheck check(hashed.shape, file, reader_of(hashed.tree), hashed.root, 3);
  CHECK(check.arrived(4096));
}

TEST_CASE("a thread that cannot read fails the check")
{
  Hashed hashed;
  const auto fails = [&](const std::string &data, const std::string &tree) {
    const base::Fd file = file_of(data);
    verity::ParallelCheck check(hashed.shape, file, reader_of(tree), hashed.root, 2);
    (void)check.arrived(hashed.data.size());
    CHECK_THROWS_AS(check.finish(), base::Error);
  };
  fails(hashed.data, hashed.tree.substr(0, 4096));
  fails(hashed.data.substr(0, hashed.data.size() - 1), hashed.tree);
}

TEST_CASE("a shape that dm-verity does not have is refused before a thread starts")
{
  const std::string nothing;
  const base::Fd file = file_of(nothing);
  CHECK_THROWS_AS(verity::ParallelCheck({.data_blocks = 0}, file, reader_of(nothing), {}, 2),
                  base::Error);
}
