// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "base/sys.hpp"
#include "verity/ddi.hpp"
#include "verity/image_policy.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// An image whose file systems are mounted where only this process sees them, and which is locked
/// against other runs of strake. Both end with this object, or with the process.
class MountedImage {
public:
  MountedImage(base::Sys &sys, base::Fd file, base::Dir root);
  MountedImage(const MountedImage &) = delete;
  MountedImage &operator=(const MountedImage &) = delete;
  ~MountedImage();

  [[nodiscard]] const base::Dir &root() const { return root_; }

private:
  base::Sys &sys_;
  base::Fd file_;
  base::Dir root_;
};

/// Mounts what is in the disk image `path`: the partitions that verity::dissect() finds, or the one
/// file system that it is. Read-only access changes no byte of it. Call it before a second thread
/// is started. Throws usage for a plain user; busy if another run is at work on the image,
/// untrusted where the policy is not met, config where nothing in it can be mounted.
std::unique_ptr<MountedImage> mount_image(base::Sys &sys,
                                          base::Clock &clock,
                                          const std::string &path,
                                          const verity::ImagePolicy &policy,
                                          base::Access access);

} // namespace updater
