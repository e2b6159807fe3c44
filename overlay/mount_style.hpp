// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"

#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// How overlays of a class are mounted, the same for all hierarchies.
struct MountStyle {
  base::MountLimits limits;
  std::optional<std::string> options; ///< instead of those that overlays have by default
  /// In a user namespace, where overlays may not do all that they may elsewhere.
  bool is_user_namespace = false;
};

/// `options` as mount(8) takes them, taken apart: "noatime,metacopy=off".
struct OverlayOptions {
  base::MountLimits limits;
  std::vector<base::MountOption> options;
};

OverlayOptions overlay_options(const MountStyle &style, bool is_writable);

} // namespace overlay
