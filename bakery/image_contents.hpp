// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/lint.hpp"
#include "base/host.hpp"

#include <string>
#include <vector>

namespace bakery {

/// An image to be judged, with what its recipe allows.
struct OpenedImage {
  Subject subject;
  std::vector<Allowance> allowed; ///< from the record beside it; none without one
};

/// Reads what is in an image, or in a directory that is one: `path` is absolute, and name, version
/// and architecture are parted by "_" in it. The file system of an image (erofs or squashfs, alone
/// or in a disk image) is taken apart by its own tools in a directory below /var/tmp, which is all
/// that they may write to: nothing of it is mounted or trusted. Throws Kind::not_found,
/// config for what is no image, io.
OpenedImage open_image_contents(const base::Host &host, const std::string &path);

} // namespace bakery
