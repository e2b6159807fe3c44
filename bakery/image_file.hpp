// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bakery {

/// What the name of a published file says: NAME_VERSION[_ARCHITECTURE].SUFFIX. Parts of a system
/// are named as systemd-sysupdate and mkosi have them,
/// NAME_VERSION[_ARCHITECTURE][_UUID].PART[.FORMAT] and NAME_VERSION.PART[.UUID].raw: the part is
/// what MatchPartitionType= takes ("root", "usr-arm64-verity"), or "verity", and the UUID the one
/// that its partition will have.
struct ImageFile {
  std::string file; ///< the whole of it
  std::string name;
  std::string version;
  std::string architecture; ///< empty: for any
  std::string suffix;       ///< "raw", "raw.zst", "root.erofs.zst", "spdx.json"
  std::string uuid{};       ///< of a partition, as it is written there; empty: none

  /// Whether it is a part of a system: the content of a partition, or a boot entry.
  [[nodiscard]] bool is_system_part() const;
  /// Whether it is what gets installed; else it lies beside such a file ("roothash", "spdx.json").
  [[nodiscard]] bool is_image() const;
  /// The file's name less its suffix, which a side file has in common with its image.
  [[nodiscard]] std::string stem() const;

  bool operator==(const ImageFile &) const = default;
};

/// Takes a name apart. Nothing if it is none, or could not stand in a SHA256SUMS and in a URL as it
/// is: only letters, digits and ".", "-", "_", "+", "~", "^" can.
std::optional<ImageFile> parse_image_file(std::string_view file);

} // namespace bakery
