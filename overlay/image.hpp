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

/// True if an image may have this name: what a file may be called, in UTF-8, without control
/// characters, and not beginning with ".#" as files in the making do.
bool is_valid_image_name(std::string_view name);

/// An extension image as it was found, not yet opened.
struct Image {
  std::string name; ///< for humans and for extension-release: without suffix and .v version
  ImageKind kind = ImageKind::directory;
  std::string path{};    ///< of the image itself, beneath the root, symlinks followed
  std::string found{};   ///< the name in the search path that led to it, beneath the root
  std::string version{}; ///< of the one picked from a .v directory; else empty
  /// When a raw image or a subvolume was last changed, or a directory was made; microseconds since
  /// 1970, 0 if unknown.
  std::uint64_t time_us = 0;
  bool is_read_only = false; ///< by its place, its file system, its mode or its attributes

  bool operator==(const Image &) const = default;
};

} // namespace overlay
