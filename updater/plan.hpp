// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/catalog.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace updater {

enum class Action {
  keep,    ///< the target has it, in effect
  publish, ///< the target has it pending
  acquire, ///< it must be brought from the source
};

/// What an update does for one transfer.
struct Step {
  std::size_t transfer = 0; ///< index into the holdings
  Action action = Action::keep;
  std::string name;                  ///< final file name below the target directory, or label
  Metadata fields;                   ///< what is written with it: configured, else the source's
  unsigned partition = 0;            ///< the slot to be written; 0 where the target is no partition
  std::optional<Instance> displaced; ///< what that slot holds now and will lose
  std::vector<Instance> victims;     ///< go after the new version is in effect, oldest first
};

/// What an update will do, decided before anything is touched.
struct UpdatePlan {
  std::string version;
  std::vector<Step> steps; ///< one a transfer, in their order
  /// Versions that lose a slot: whatever boots them has to go before the slot is written.
  std::set<std::string> displaced_versions;
};

/// What must survive, and how much may be kept.
struct Limits {
  std::optional<std::uint64_t> instances_max; ///< --instances-max=, above every transfer's own
  std::set<std::string> keep;                 ///< the running version and the last good one
  std::string on_trial{};                     ///< see version_on_trial
};

/// What runs, and how it came to that.
struct Running {
  std::string version;          ///< empty: unknown
  bool was_handed_over = false; ///< without the boot loader, which so has not counted it
};

/// The running version if the boot loader counts its tries and nothing has found it good yet: it
/// may still be given up for an older one at the next boot. Empty if it is not so.
std::string version_on_trial(const Catalog &catalog, const Running &running);

/// The versions that no update and no vacuum may touch: the running one, or, where that is not
/// known, the newest that is installed as a whole. While the running one is not whole, as after a
/// rollback from it, also the newest other one that is: what the next boot leads to. While it is on
/// trial, also the newest other one that is whole and not counted: what the boot loader falls back
/// on.
std::set<std::string> versions_to_keep(const Catalog &catalog, const Running &running);

/// Decides slot, name and victims for each transfer. Throws, before anything was touched:
/// Kind::config for a name or label that cannot be, Kind::no_space where no slot may be written
/// (naming who stands in the way), Kind::usage for limits that leave nothing.
UpdatePlan
plan_update(const std::vector<Holding> &holdings, const UpdateSet &set, const Limits &limits);

/// Which instances a vacuum of one transfer removes: partial and pending ones, then the oldest
/// beyond the limit.
std::vector<Instance> vacuum_victims(const Holding &holding, const Limits &limits);

/// All instances of a transfer whose feature is off.
std::vector<Instance> disabled_victims(const Holding &holding, const Limits &limits);

/// The values written with an instance: those the definition sets, else the source's.
Metadata fields_for(const Transfer &transfer, const Instance &source);

} // namespace updater
