// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/aftermath.hpp"
#include "overlay/danger_rule.hpp"
#include "overlay/size_limit.hpp"

#include <cstdint>
#include <string>

namespace overlay {

/// How extensions are handled, all of them alike: strake/extensions.conf with its drop-ins
/// (extensions.conf.d/*.conf) in /etc, /run, /usr/local/lib and /usr/lib beneath the root. What is
/// said of single extensions is in ExtensionSettings.
struct Settings {
  std::uint64_t generations_kept = 50; ///< [Generations] Keep=
  DangerPolicy dangers{};              ///< [Dangers]
  /// [Ephemeral] SizeLimit=: of each ephemeral hierarchy, as parse_size_limit() takes it.
  std::string size_limit{default_size_limit};
  AftermathSettings aftermath{};      ///< [FollowUps]
  bool indexes_kernel_modules = true; ///< [FollowUps] KernelModules=
};

/// Throws Kind::config with file and line for all that is not understood.
Settings read_settings(const base::Host &host);

} // namespace overlay
