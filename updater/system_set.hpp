// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace updater {

/// What goes with a version of the system: for each component of an extension the version that is
/// in use while that system runs; an empty one where none is to be.
using SystemSet = std::map<std::string, std::string>;

/// The sets of all systems that this machine may boot, and which of them CurrentSymlink= of the
/// components shows. While a system runs these links are what counts for it, whoever changes them;
/// its set is what they were when another system took over.
struct SystemSets {
  std::map<std::string, SystemSet> sets{}; ///< by IMAGE_VERSION= of the system
  std::string followed{};  ///< the system that the links show; empty: no system has a set
  std::string following{}; ///< the one that they are being changed to; empty: none

  bool operator==(const SystemSets &) const = default;
};

/// Those that were written; none if there never were any. Throws Kind::config for a file that
/// cannot be understood: to forget a set would be to give up the extensions of a system.
SystemSets read_system_sets(const base::Dir &state);

/// Replaces them durably; after a power cut the old or the new ones stand whole.
void write_system_sets(base::Sys &sys, const base::Dir &state, const SystemSets &sets);

/// The versions of a component that some system needs.
std::set<std::string> versions_needed(const SystemSets &sets, const std::string &component);

} // namespace updater
