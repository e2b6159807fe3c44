// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/gpt.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// How a made-up disk is laid out. The default is what sfdisk makes.
struct GptShape {
  unsigned sector_size = 512;
  std::uint64_t sectors = 8192;
  std::uint64_t first_usable = 2048;
  unsigned entries = 128;
  std::uint32_t entry_size = 128;
  std::vector<unsigned> used = {1, 2, 3}; ///< slots; each partition gets eight sectors
};

/// The primary copy for a disk of this shape: partition n is labelled "part-n".
verity::GptTable gpt_table(const GptShape &shape);

/// The whole disk: protective MBR, both copies, and every sector of a partition filled with its
/// number, so that a stray write shows.
std::vector<std::byte> gpt_disk(const GptShape &shape);

/// A disk with this as its primary copy: protective MBR and both copies, all else zeros.
std::vector<std::byte> disk_with(const verity::GptTable &primary);

/// Reads sectors of a disk held in memory.
verity::SectorReader reader_of(const std::vector<std::byte> &disk, unsigned sector_size);

/// Makes the checksums of a copy right again after the test changed its bytes.
void fix_checksums(std::vector<std::byte> &disk, unsigned sector_size, std::uint64_t header_lba);

} // namespace support
