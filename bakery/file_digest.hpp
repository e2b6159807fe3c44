// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "verity/digest.hpp"

namespace bakery {

/// SHA-256 of all that is in a file, read piece by piece from its start.
verity::Sha256 digest_of_file(const base::Fd &file);

/// SHA-256 of what an image takes from a directory: the names, kinds, targets and contents of all
/// that is in it, and whether files may be executed. Neither owners nor times nor the order in
/// which a file system lists it count. Throws Kind::config for what is no file, directory or
/// symlink.
verity::Sha256 digest_of_tree(const base::Dir &tree);

} // namespace bakery
