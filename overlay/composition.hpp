// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/layer.hpp"
#include "overlay/mount_style.hpp"

#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// All that a new overlay of a hierarchy is made of.
struct Composition {
  const Hierarchy &hierarchy;
  /// The layers that have something in this hierarchy, the topmost first: over and under what the
  /// system has there itself.
  std::vector<const Layer *> above;
  std::vector<const Layer *> below;
  Mutability mutability = Mutability::no;
  /// What is mounted below the hierarchy now: copied, or not to be seen.
  enum class Submounts { carried, left_out } submounts = Submounts::carried;
  std::string size_limit; ///< of what may be written to memory, as parse_size_limit() takes it
  bool indexes_kernel_modules = true; ///< see index_kernels()
  /// What its metadata are to say.
  std::vector<std::string> names; ///< of all extensions in use, the topmost last
  std::string origin;
  std::string stamp;
  std::string generation; ///< as text_of() has it
};

/// Something mounted below a hierarchy, copied to be put there again.
struct Carried {
  std::string below; ///< relative to the hierarchy
  base::Fd tree;
};

/// What compose() made.
struct Composed {
  base::Dir tree; ///< hangs nowhere
  /// What belongs below the tree and can only be put there when it is in place.
  std::vector<Carried> later;
  /// Beneath the root: what the overlay needs while it lasts, and is to be removed after it.
  std::optional<std::string> work_dir;
};

/// Builds the overlay of a hierarchy out of sight, with its metadata and with copies of all that is
/// mounted below the hierarchy now. If it fails nothing has changed but directories below
/// /var/lib/extensions.mutable, which the next run finds and uses.
///
/// On the metadata directory of one that can be written lies a copy of itself. In that of one whose
/// writes go to memory, on the directory of `kept_views`, lie three mounts, from the bottom: all
/// layers but the one that is written to, the file system in memory that has that one as "upper",
/// and the empty directory itself. None of them can be written, and only the last one is to be
/// seen.
Composed compose(const base::Host &host,
                 Class extension_class,
                 const Composition &composition,
                 const MountStyle &style);

} // namespace overlay
