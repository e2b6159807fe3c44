// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/linux_sys.hpp"
#include "support/temp_root.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// A disk image in a file of its own, which tools can be let loose on.
class DiskFile {
public:
  explicit DiskFile(const std::vector<std::byte> &content);

  [[nodiscard]] std::string path() const { return root_.path() + "/disk"; }

  [[nodiscard]] base::Fd open() const;
  [[nodiscard]] std::vector<std::byte> content() const;
  void set(const std::vector<std::byte> &content) const;

private:
  TempRoot root_;
};

/// The effects on one disk in the order in which they were asked for.
struct DiskStep {
  std::uint64_t offset = 0;
  std::vector<std::byte> data{}; ///< empty: a flush
};

/// Does everything, and keeps what was written and flushed. Partitions are only counted.
class RecordingSys final : public base::LinuxSys {
public:
  std::vector<DiskStep> steps;
  std::vector<base::KernelPartition> announced;

  void write_at(const base::Fd &fd, std::uint64_t offset, base::Bytes data) override;
  void sync(const base::Fd &fd) override;
  void announce_partitions(const base::Fd &disk,
                           const std::vector<base::KernelPartition> &partitions) override;
};

/// Every content that a power cut during `steps` can leave of a disk: each prefix, and of what was
/// not flushed any subset of the sectors. What comes out the same twice is given twice.
std::vector<std::vector<std::byte>>
cut_states(std::vector<std::byte> disk, const std::vector<DiskStep> &steps, unsigned sector_size);

} // namespace support
