// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/definition.hpp"

#include <cstdint>
#include <string>

namespace updater {

/// A whole disk, or a plain file that is the image of one.
struct DiskPath {
  std::string path; ///< beneath the root, symlinks resolved where it was discovered
  bool is_block_device = false;
  bool is_image = false; ///< the file of --image=, which lies on the machine and is locked already
};

/// What the path of a disk is beneath of: the root, but for the image the root itself comes from.
const base::Dir &root_of(const base::Host &host, const DiskPath &disk);

/// Finds the disk of a partition target: the block device or image file its Path= names; for a
/// directory the whole disk behind its file system; for Path=auto the one behind /usr (or what
/// /run/systemd/volatile-root leads to), looking through overlays, device-mapper and btrfs.
/// `image` is the file given with --image, which then stands for any disk of the machine.
/// Throws not_found or config, saying what was looked for.
DiskPath find_disk(const base::Host &host, const Target &target, const std::string &image);

/// "/dev/sda" and 2 give "/dev/sda2", "/dev/loop0" and 2 give "/dev/loop0p2": the kernel's rule.
std::string partition_path(const std::string &disk, unsigned partition);

/// Who uses a partition of a block device at this moment ("mounted on /usr", "used by dm-0"), or
/// an empty text. Found by sysfs and the mount table; a plain image file is never in use.
std::string
user_of(const base::Host &host, const std::string &disk, std::uint64_t start, std::uint64_t length);

} // namespace updater
