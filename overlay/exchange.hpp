// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/composition.hpp"
#include "overlay/hierarchy.hpp"

#include <optional>
#include <vector>

namespace overlay {

/// What is to become of a hierarchy.
struct Change {
  const Hierarchy &hierarchy;
  /// The tree that takes its place, hanging nowhere; none: the overlays on it go, and what lies
  /// beneath comes to light.
  std::optional<Composed> next;
};

/// Makes all changes, or none. Each hierarchy is at every instant what it was or what it is to be,
/// for everybody; between two of them there may be a moment.
///
/// On failure those that were changed are changed back by copies of what was there, and the error
/// is thrown. If the process is killed the hierarchies changed by then stay changed, each whole.
/// After a power cut nothing is mounted at all.
///
/// Where the kernel cannot put a mount beneath another one (before 6.5) a hierarchy that is merged
/// already is bare for the moment between two system calls; a notice says so.
///
/// A hierarchy that is bared gets back what was mounted below it in the meantime; one that is
/// merged must bring that along in its tree.
void exchange(const base::Host &host, std::vector<Change> changes);

} // namespace overlay
