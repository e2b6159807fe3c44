// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"
#include "updater/plan.hpp"

namespace updater {

/// What becomes of CurrentSymlink= when a version comes into effect.
enum class CurrentLink {
  follows, ///< it leads to the new version
  stays,   ///< as it is: the version is for a system that does not run yet
};

/// Makes CurrentSymlink= of a step's transfer lead to its instance; nothing where there is no such
/// key, or where it leads there already. The link is relative, replaced in one step, and durable
/// on return.
void point_current_link(const base::Host &host, const Inventory &inventory, const Step &step);

} // namespace updater
