// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/boot_menu.hpp"
#include "handoff/unified_image.hpp"

#include <optional>

namespace handoff {

/// The file of a boot entry, open, and what it says of itself.
struct BootImage {
  base::Fd file;
  UnifiedImage image;
};

/// Nothing where the entry is no unified kernel image, or its file is not there any more.
std::optional<BootImage> open_boot_image(const base::Host &host, const MenuEntry &entry);

} // namespace handoff
