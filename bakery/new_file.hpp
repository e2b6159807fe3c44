// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/image_file.hpp"
#include "base/dir.hpp"

#include <string>
#include <vector>

namespace bakery {

/// A file that a publisher has made.
struct NewFile {
  ImageFile name;
  std::string directory; ///< in which it lies

  [[nodiscard]] std::string path() const { return directory + "/" + name.file; }
};

/// The files in these directories, by name. What begins with a dot and directories are left alone.
/// Throws Kind::config for a file that is not named as published files are, for two of one name,
/// and for one beside an image that is neither there nor among `published`.
std::vector<NewFile> find_new_files(const std::vector<std::string> &directories,
                                    const std::vector<ImageFile> &published);

} // namespace bakery
