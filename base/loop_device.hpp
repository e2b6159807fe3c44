// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/handles.hpp"

#include <cstdint>
#include <optional>

namespace base {

/// One use of a loop device: since boot no two have the same sequence number (BLKGETDISKSEQ), so
/// that a device that was given to another file in the meantime is told from it.
struct LoopDevice {
  std::uint64_t number = 0; ///< 7 of /dev/loop7
  std::uint64_t sequence = 0;

  bool operator==(const LoopDevice &) const = default;
};

/// Which one an open device is. Nothing if it is no loop device, or if the kernel (before 5.15)
/// does not number its uses.
std::optional<LoopDevice> loop_device_of(const Fd &device);

/// The device, open for reading; nothing if it is not in this use any more.
std::optional<Fd> find_loop_device(const Dir &machine, const LoopDevice &wanted);

} // namespace base
