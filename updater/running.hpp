// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"
#include "updater/plan.hpp"

#include <set>
#include <string>

namespace updater {

/// IMAGE_VERSION= of the root's os-release; empty if there is none.
std::string running_version(const base::Host &host);

/// The version of running_version(), and whether the boot loader started it.
Running what_runs(const base::Host &host);

/// What lies in slots that are in use.
std::set<std::string> versions_in_use(const Inventory &inventory);

/// What no update and no vacuum of a component may touch: see versions_to_keep, what lies in a slot
/// that is in use, and what goes with a system that this machine may boot.
std::set<std::string>
versions_kept(const base::Host &host, const Inventory &inventory, const Catalog &catalog);

/// The UUIDs of partitions that follow from each root hash that the running system is from: that
/// which names the device / is on, or else those on the kernel command line.
std::set<base::Uuid> running_partitions(const base::Host &host);

/// Marks slots as in use that the running system is known to run from by other signs than mounts:
/// running_partitions(); the halves of roothash= and usrhash= are the UUIDs of the data and the
/// hash partition.
void mark_running_slots(const base::Host &host, Inventory &inventory);

} // namespace updater
