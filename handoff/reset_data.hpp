// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// What an extension keeps on this machine beside itself.
struct ExtensionData {
  std::string extension;
  std::vector<std::string> paths; ///< absolute, sorted

  bool operator==(const ExtensionData &) const = default;
};

/// The directories that a unit says are its own: StateDirectory=, CacheDirectory=, LogsDirectory=
/// and ConfigurationDirectory=. Those with specifiers in them are not known.
std::vector<std::string> data_of_unit(std::string_view text);

/// What a file of tmpfiles.d(5) makes in /etc, /var, /srv, /opt, /home and /root, but for the
/// directories that all share there.
std::vector<std::string> data_of_tmpfiles(std::string_view text);

/// The data of each extension that is enabled and fits: what its units and its files in tmpfiles.d
/// say, and Data= of strake/extensions/NAME.conf. Those without any are left out. Only root can
/// look into images.
std::vector<ExtensionData> read_extension_data(const base::Host &host);

} // namespace handoff
