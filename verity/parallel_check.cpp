// SPDX-License-Identifier: Apache-2.0
#include "verity/parallel_check.hpp"

#include "base/file_view.hpp"

#include <algorithm>
#include <utility>

namespace verity {

namespace {

// Long enough that the hash blocks above a unit's leaves, which each thread reads for itself,
// don't count; short enough that all threads end together.
constexpr std::uint64_t unit_bytes = std::uint64_t{2} << 20U;

// Long enough that mapping it doesn't count.
constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 20U;

std::uint64_t blocks_a_unit(const TreeShape &shape)
{
  const std::uint64_t a_leaf = digests_a_block(shape);
  const std::uint64_t blocks = std::max<std::uint64_t>(1, unit_bytes / shape.data_block_size);
  return (blocks + a_leaf - 1) / a_leaf * a_leaf;
}

} // namespace

ParallelCheck::ParallelCheck(
    TreeShape shape, const base::Fd &data, BlockReader tree, const Sha256 &root, unsigned threads)
    : shape_(std::move(shape)), data_(data), tree_(std::move(tree)), root_(root),
      unit_blocks_(blocks_a_unit(shape_))
{
  (void)levels_of(shape_); // judges the shape before any thread is there
  base::Rollback stop_threads([this] { stop(); });
  for (unsigned index = 0; index < std::max(1U, threads); ++index)
    threads_.push_back(std::async(std::launch::async, [this] { work(); }));
  stop_threads.dismiss();
}

ParallelCheck::~ParallelCheck()
{
  stop();
} // here the futures wait for their threads

void ParallelCheck::stop()
{
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

std::uint64_t ParallelCheck::unit_end(std::uint64_t unit) const
{
  return std::min(shape_.data_blocks, (unit + 1) * unit_blocks_);
}

bool ParallelCheck::arrived(std::uint64_t bytes)
{
  const std::lock_guard lock(mutex_);
  arrived_ = bytes / shape_.data_block_size;
  changed_.notify_all();
  return !bad_;
}

std::optional<BadBlock> ParallelCheck::finish()
{
  for (std::future<void> &thread : threads_)
    thread.get();
  return bad_;
}

// Units are given out in their order, so that when one is bad all before it are in work and will
// be reported too: the lowest report is the first bad block of all.
std::optional<std::uint64_t> ParallelCheck::next_unit()
{
  std::unique_lock lock(mutex_);
  const auto is_over = [this] {
    return stopped_ || bad_ || next_ * unit_blocks_ >= shape_.data_blocks;
  };
  changed_.wait(lock, [&] { return is_over() || unit_end(next_) <= arrived_; });
  if (is_over())
    return std::nullopt;
  return next_++;
}

void ParallelCheck::report(std::uint64_t unit, const BadBlock &bad)
{
  const std::lock_guard lock(mutex_);
  if (!bad_unit_ || unit < *bad_unit_) {
    bad_unit_ = unit;
    bad_ = bad;
  }
  changed_.notify_all();
}

void ParallelCheck::work()
{
  BlockChecker checker(shape_, tree_, root_);
  while (const auto unit = next_unit())
    if (const auto bad = check(checker, *unit))
      report(*unit, *bad);
}

std::optional<BadBlock> ParallelCheck::check(BlockChecker &checker, std::uint64_t unit)
{
  const std::uint64_t size = shape_.data_block_size;
  const std::uint64_t step = std::max<std::uint64_t>(1, piece_bytes / size);
  const std::uint64_t end = unit_end(unit);
  for (std::uint64_t first = unit * unit_blocks_; first < end; first += step) {
    const base::FileView piece(data_, {first * size, std::min(step, end - first) * size});
    if (const auto bad = checker.check(first, piece.bytes()))
      return bad;
  }
  return std::nullopt;
}

} // namespace verity
