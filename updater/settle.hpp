// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"

namespace updater {

/// Takes the inventory and heals what a run that was cut may have left, before anything new is
/// begun: what a run that was killed left in the kernel's cache is on disk; both copies of every
/// partition table valid and equal; boot files that a cut left without content gone (vfat may keep
/// a name and lose what it leads to); the links and records of an update that was cut after its
/// last boot entry made; a rollback that was begun, done. Partial slots and files stay: the update
/// that made them goes on with them. A second call finds nothing to do. The lock is held.
Inventory settle(const base::Host &host, const base::Dir &state, const Scope &scope);

} // namespace updater
