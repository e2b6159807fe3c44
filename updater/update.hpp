// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/choose.hpp"
#include "updater/current_link.hpp"
#include "updater/inventory.hpp"
#include "updater/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace updater {

enum class Goal {
  install, ///< bring the version into effect
  acquire, ///< bring it onto the machine, pending
};

struct UpdateOptions {
  Scope scope;
  std::string version;                        ///< empty: the candidate
  std::optional<std::uint64_t> instances_max; ///< --instances-max=
  Goal goal = Goal::install;
  CurrentLink link = CurrentLink::follows;
};

enum class Outcome {
  nothing_newer,   ///< there is no candidate
  already_present, ///< the version asked for is there already
  acquired,        ///< it is whole on the machine, pending
  installed,       ///< it is in effect from the next boot on
};

/// How many instances went, and how many disabled transfers lost theirs; as `vacuum` prints it.
struct Removed {
  std::size_t instances = 0;
  std::size_t disabled_transfers = 0;
};

/// A transfer whose target an update changed.
struct Changed {
  std::string transfer;
  std::string path; ///< of the new file or tree, or of the partition
};

struct UpdateResult {
  Outcome outcome = Outcome::nothing_newer;
  std::string version;
  std::optional<Removed> removed; ///< if it came to removing anything
  std::vector<Changed> changed;   ///< what is in effect now and was not before
};

/// Brings the next version onto this machine, under the lock. What the machine would boot changes
/// when the first boot entry gets its final name, inside commit(); a cut before leaves the old
/// version whole, after it the new. A run that failed or was cut is finished by the next one.
UpdateResult update(const base::Host &host, const UpdateOptions &options);

/// What update() would do, found out without taking the lock or changing anything.
struct Foreseen {
  Inventory inventory;
  Catalog catalog;
  Choice choice; ///< points into `catalog`
  std::optional<UpdatePlan> plan;
};

std::unique_ptr<Foreseen> foresee(const base::Host &host, const UpdateOptions &options);

/// The catalog of an inventory, with what an earlier attempt left.
Catalog survey(const base::Host &host, const Scope &scope, Inventory &inventory);

} // namespace updater
