// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/generation.hpp"
#include "overlay/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// Where a path of a merged hierarchy comes from.
struct Provenance {
  enum class From {
    extension,
    system,   ///< the system's own layer
    written,  ///< to a hierarchy that takes writes, after it was merged
    metadata, ///< of the merging itself
  };

  std::string path; ///< beneath the root, symlinks on the way followed
  Class extension_class = Class::sysext;
  std::string hierarchy;
  From from = From::system;
  std::optional<UsedExtension> extension{};
  /// Those that have something of that name further down, the topmost first; "(system)" is the
  /// system itself. What a directory hides is seen beside its own.
  std::vector<std::string> hides{};
};

/// Finds out for what is to be seen at a path now; a symlink at its end is not followed. The
/// images are looked into as they were merged, whatever is installed by now.
///
/// Throws Kind::not_found if there is no such path, or an extension that has changed since it was
/// merged stands in the way of an answer, Kind::usage if it does not lie in a merged hierarchy, and
/// as open_layer().
Provenance identify_path(const base::Host &host,
                         const std::vector<Request> &requests,
                         const std::string &path);

} // namespace overlay
