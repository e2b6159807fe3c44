// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/definition.hpp"

#include <optional>
#include <string>

namespace updater {

/// A directory of a resource. It may not exist yet: then `dir` is empty and make_place makes it.
struct Place {
  base::Dir anchor; ///< what the path is relative to: the root, the ESP, …
  std::string path; ///< below the anchor
  std::optional<base::Dir> dir;
  bool is_boot = false; ///< on the ESP or XBOOTLDR: read by firmware, probably vfat

  [[nodiscard]] std::string display() const { return anchor.display(path); }
};

/// Finds the directory a file-system resource lives in. The ESP and XBOOTLDR are taken from
/// $SYSTEMD_ESP_PATH and $SYSTEMD_XBOOTLDR_PATH, else from where they are mounted beneath the root
/// (/efi, /boot, /boot/efi); no symlink is followed below them. `boot` is XBOOTLDR, or the ESP
/// where there is none. `given` is --transfer-source. Throws not_found if an anchor is missing.
Place find_place(const base::Host &host,
                 Anchor anchor,
                 const std::string &path,
                 const std::string &transfer_source);

/// The directory of a place, made (durably) if it does not exist.
const base::Dir &make_place(base::Sys &sys, Place &place);

} // namespace updater
