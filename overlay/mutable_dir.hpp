// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/hierarchy.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace overlay {

/// Where a hierarchy's mutable directory lies beneath the root, as UAPI.4 has it:
/// "/var/lib/extensions.mutable/usr".
std::string mutable_path(const std::string &hierarchy);

/// What a hierarchy's mode and its mutable directory make of an overlay.
struct MutableDir {
  enum class Use {
    none,
    upper,         ///< writes go to the directory
    host_is_upper, ///< writes go to the hierarchy itself, which wins over all extensions
    ephemeral,     ///< writes go to memory
  };

  Use use = Use::none;
  /// With `upper` and `host_is_upper`: the directory that holds it, and its name there. Beside it
  /// the work directory is made.
  std::optional<base::Dir> parent{};
  std::string parent_path{}; ///< beneath the root, without a slash at its beginning
  std::string name{};
  std::optional<base::Dir> imported{}; ///< to be the layer above all extensions
};

/// Finds out, by the table of systemd-sysext(8): Mutable=. With `yes` a directory that is missing
/// is made (0700, empty; durable), also at the end of a dangling symlink. `mode` is the
/// hierarchy's. Throws Kind::config where the directory cannot be used: its mode differs, it lies
/// on a read-only file system, it is the hierarchy itself and is to be imported.
MutableDir find_mutable_dir(const base::Host &host,
                            const Hierarchy &hierarchy,
                            Mutability mutability,
                            mode_t mode);

} // namespace overlay
