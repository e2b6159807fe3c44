// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "base/host.hpp"
#include "overlay/extension_class.hpp"
#include "overlay/image.hpp"

#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// Something in the search path that is not used, and why.
struct Hidden {
  /// With its name and where it was found, and the rest where it is an image at all. The name may
  /// be one that no image can have, with control characters in it.
  Image image;
  /// "shadowed" by the same name further up, "masked" by an empty directory of that name; in a .v
  /// directory "older", "architecture" or "version-name", and of the directory itself "no-version"
  /// where nothing in it can be used; "name" where it can be none; "kind" of what is neither a
  /// directory, a file *.raw nor a block device; "unreadable".
  std::string rule;
  std::string why; ///< a sentence without its end
  std::string by;  ///< the path of what goes before it; else empty
  /// Set where it is "unreadable" because the machine failed, and not because of what it is: the
  /// next time it may be an image like any other. The name is then the one it would have.
  std::optional<base::Error> fault{};
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
/// the root. Nothing is opened but directories, so it works for everybody who may look at those.
///
/// What is broken is told in `hidden` and never keeps the others from being found: symlinks that
/// lead nowhere or in circles, FIFOs, names that are none, versions for other machines. An empty
/// directory is an image like any other, which masks those of its name that come later. Throws only
/// if a directory of the search path itself can't be read.
Discovery find_images(const base::Host &host, Class extension_class);

} // namespace overlay
