// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/tree_check.hpp"

#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <optional>
#include <vector>

namespace verity {

/// Checks all data of a tree on several threads while it is still arriving. The threads only read,
/// each a piece of the data at a time and one hash block a level; they are gone when this object
/// is.
class ParallelCheck {
public:
  /// `data` is looked at where it lies (see base::FileView), so it has to be a file that nobody
  /// else can change; it must outlive this object. `tree`, as for TreeWalk, is called from all
  /// threads at once. Fails with Kind::config on a shape that dm-verity does not have.
  ParallelCheck(TreeShape shape,
                const base::Fd &data,
                BlockReader tree,
                const Sha256 &root,
                unsigned threads);
  ParallelCheck(const ParallelCheck &) = delete;
  ParallelCheck &operator=(const ParallelCheck &) = delete;
  ~ParallelCheck();

  /// Says that the first so many bytes of the data can be read. False: a bad block was found, and
  /// no more of them are needed.
  bool arrived(std::uint64_t bytes);

  /// To be called once, after all has arrived or arrived() said false. The first bad block; nothing
  /// if all is well. Fails as the reader did, or where
  /// the data cannot be read.
  std::optional<BadBlock> finish();

private:
  void stop();
  void work();
  std::optional<BadBlock> check(BlockChecker &checker, std::uint64_t unit);
  std::optional<std::uint64_t> next_unit();
  void report(std::uint64_t unit, const BadBlock &bad);
  [[nodiscard]] std::uint64_t unit_end(std::uint64_t unit) const;

  TreeShape shape_;
  const base::Fd &data_;
  BlockReader tree_;
  Sha256 root_;
  std::uint64_t unit_blocks_; ///< data blocks that a thread takes at a time

  std::mutex mutex_; ///< guards what follows, up to the threads
  std::condition_variable changed_;
  std::uint64_t arrived_ = 0; ///< data blocks
  std::uint64_t next_ = 0;    ///< unit
  bool stopped_ = false;
  std::optional<std::uint64_t> bad_unit_;
  std::optional<BadBlock> bad_;

  std::vector<std::future<void>> threads_;
};

} // namespace verity
