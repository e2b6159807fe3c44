// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace overlay {

/// What an extension image is on disk.
enum class ImageKind { directory, subvolume, raw, block, mstack };

/// "directory", "subvolume", "raw", "block" or "mstack", as in `list`.
std::string_view name(ImageKind kind);

/// An extension image as it was found, not yet opened.
struct Image {
  std::string name; ///< for humans and for extension-release: without suffix and .v version
  ImageKind kind = ImageKind::directory;
  std::string path;    ///< of the image itself, beneath the root, symlinks followed
  std::string found;   ///< the name in the search path that led to it, beneath the root
  std::string version; ///< of the one picked from a .v directory; else empty
  /// Later of the times the image was made or changed; microseconds since 1970, 0 if unknown.
  std::uint64_t time_us = 0;
  bool is_read_only = false;

  bool operator==(const Image &) const = default;
};

} // namespace overlay
