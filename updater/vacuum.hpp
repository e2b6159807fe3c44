// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"
#include "updater/removal.hpp"
#include "updater/update.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace updater {

/// What a vacuum would remove, or removed.
struct Vacuumed {
  Victims old;                        ///< of enabled transfers
  Victims disabled;                   ///< of transfers whose feature is off
  std::vector<std::string> leftovers; ///< paths of what older tools left unfinished
  Removed removed;
};

/// Enforces InstancesMax=, removes partial and pending instances, staged payloads, what older tools
/// left unfinished, and everything of disabled features; never the running version, the last good
/// one, or one that is protected.
Vacuumed vacuum(const base::Host &host,
                const Scope &scope,
                const std::optional<std::uint64_t> &instances_max);

/// The same decision, without the lock and without removing anything.
Vacuumed foresee_vacuum(const base::Host &host,
                        const Scope &scope,
                        const std::optional<std::uint64_t> &instances_max);

/// After an update: removes what its steps gave up, what other versions left half done, all of
/// disabled features, and staged payloads.
Removed tidy_up(const base::Host &host,
                const base::Dir &state,
                Inventory &inventory,
                const UpdatePlan &plan,
                const Limits &limits);

} // namespace updater
