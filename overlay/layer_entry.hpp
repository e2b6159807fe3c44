// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <sys/stat.h>

#include <string>

namespace overlay {

// What overlayfs makes of the directories and files of a layer.

/// What the extended attributes of a directory say.
struct DirectoryMarks {
  /// Nothing of a directory of that name further down is seen: it is opaque, or redirected to a
  /// directory of another name.
  bool is_opaque = false;
  bool has_whiteout_files = false; ///< files in it may be whiteouts (since Linux 6.7)
};

/// The marks of an open directory. Those of "trusted.overlay" and of "user.overlay" both count,
/// whichever of them the overlay is going to be mounted for.
DirectoryMarks read_marks(const base::Dir &dir);

enum class EntryKind {
  directory,
  file, ///< or a symlink: both are what a name leads to
  whiteout,
  device,
  special, ///< a FIFO or socket
};

/// What an entry of a directory is.
EntryKind kind_of(const base::Dir &dir,
                  const DirectoryMarks &marks,
                  const std::string &name,
                  const struct stat &status);

/// True if both are files of the same owner, mode and content, or symlinks to the same target.
bool is_same_file(const base::Dir &one, const base::Dir &other, const std::string &name);

/// True if the file has capabilities.
bool has_capabilities(const base::Dir &dir, const std::string &name);

/// True if the file gives the rights of its owner or group to whoever runs it.
bool sets_user(const struct stat &status);

} // namespace overlay
