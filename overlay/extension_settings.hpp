// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/danger_rule.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace overlay {

/// What the administrator or the vendor says of one extension, in strake/extensions/NAME.conf and
/// its drop-ins (NAME.conf.d/*.conf) in /etc, /run, /usr/local/lib and /usr/lib beneath the root:
///
///     [Extension]
///     Enabled=yes
///     Priority=10
///     After=base-tools
///     Requires=runtime
///     Conflicts=other-runtime
///     Below=no
///     AllowDangers=shadows-extension
///     WhenUnfit=block
///     Data=/var/lib/tools
///
/// A sysext and a confext of one name share their settings, and the names in them are of the same
/// class as the extension that is being looked at.
struct ExtensionSettings {
  /// WhenUnfit=: what is done where no version of it fits the system that is to come.
  enum class Unfit {
    block, ///< that system is not brought
    warn,  ///< it is left out there, with a warning
    drop,  ///< it is left out there
  };

  bool enabled = true;
  std::int32_t priority = 0;            ///< the larger goes on top
  std::vector<std::string> after{};     ///< it goes on top of these, if they are there
  std::vector<std::string> required{};  ///< Requires=: without one of these it is left out
  std::vector<std::string> conflicts{}; ///< with one of these it is left out
  bool below = false;                   ///< under the system's own layer, so that the system wins
  std::vector<DangerRule> allowed_dangers{}; ///< AllowDangers=: these are allowed for it
  Unfit when_unfit = Unfit::block;
  std::vector<std::string> data{}; ///< Data=: absolute paths of what it has written

  bool operator==(const ExtensionSettings &) const = default;
};

/// The settings of that name; the defaults if there are none. Lists add up over files and lines,
/// and an empty value takes back what was set before. Throws Kind::config with file and line for
/// all that is not understood: a setting that is passed over in silence would merge what was to be
/// left out.
ExtensionSettings read_extension_settings(const base::Host &host, const std::string &name);

enum class Enabled { no, yes };

/// Switches an extension on or off for good, by a drop-in in /etc that is durable when this
/// returns; after a power cut the old or the new state stands. Nothing is merged or unmerged.
/// Throws Kind::usage for what is no name of an image, and Kind::config if the settings are wrong
/// or if another file says the opposite and counts more; nothing is written then.
void set_enabled(const base::Host &host, const std::string &name, Enabled enabled);

} // namespace overlay
