// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/extension_class.hpp"
#include "overlay/image.hpp"

#include <string>
#include <vector>

namespace overlay {

/// Something in the search path that looks like an image and is not used, and why.
struct Hidden {
  Image image;      ///< as far as it is known
  std::string rule; ///< for machines: "unreadable", "kind", "no-version", "name", "masked", …
  std::string why;
  std::string by; ///< the path of what goes before it; else empty
};

struct Discovery {
  std::vector<Image> images; ///< one for each name, in the order of base::compare_versions
  std::vector<Hidden> hidden;
};

/// The directories that are searched beneath the host's root, the one that wins first. In an initrd
/// (its /etc/initrd-release says so) what the boot loader handed over comes last.
std::vector<std::string> search_directories(const base::Host &host, Class extension_class);

/// All extension images of the class beneath the host's root. The first of a name wins; within one
/// directory that is the first in byte order of the entries' names. Symlinks are followed beneath
/// the root.
///
/// What is broken is told in `hidden` and never keeps the others from being found: symlinks that
/// lead nowhere or in circles, FIFOs, names that are none, versions for other machines. An empty
/// directory is an image like any other, which masks those of its name that come later.
Discovery find_images(const base::Host &host, Class extension_class);

} // namespace overlay
