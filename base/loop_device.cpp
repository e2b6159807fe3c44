// SPDX-License-Identifier: Apache-2.0
#include "base/loop_device.hpp"

#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace base {

std::optional<LoopDevice> loop_device_of(const Fd &device)
{
  struct stat status = {};
  std::uint64_t sequence = 0;
  if (::fstat(device.number(), &status) < 0 || !S_ISBLK(status.st_mode) ||
      major(status.st_rdev) != LOOP_MAJOR || ::ioctl(device.number(), BLKGETDISKSEQ, &sequence) < 0)
    return std::nullopt;
  return LoopDevice{minor(status.st_rdev), sequence};
}

std::optional<Fd> find_loop_device(const Dir &machine, const LoopDevice &wanted)
{
  auto device = machine.find_file(fmt::format("dev/loop{}", wanted.number));
  if (!device || loop_device_of(*device) != wanted)
    return std::nullopt;
  return device;
}

} // namespace base
