// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/recipe.hpp"
#include "base/host.hpp"

#include <cstdint>
#include <string>

namespace bakery {

/// What the bytes of a file system follow from, besides its tree.
struct FileSystemFacts {
  FileSystem format = FileSystem::erofs;
  Compression compression = Compression::best;
  std::string identity;   ///< what its UUID is made of: the name of the image
  std::uint64_t time = 0; ///< of all files and of the file system itself
};

/// Makes a file system of a tree in the new file `image`, by mkfs.erofs or mksquashfs: all of it is
/// root's, without extended attributes, and the same bytes each time. Throws Kind::io with what the
/// program says.
void make_file_system(const base::Host &host,
                      const FileSystemFacts &facts,
                      const std::string &tree,
                      const std::string &image);

/// The name and version of the program that makes it, since other versions may make other bytes.
std::string file_system_maker(const base::Host &host, FileSystem format);

} // namespace bakery
