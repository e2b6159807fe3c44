// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"

#include <string>
#include <vector>

namespace updater {

/// What became of one instance that was looked at.
struct Finding {
  std::string transfer;
  std::string version;
  std::string path;
  enum class State { whole, unknown, damaged, demoted } state = State::whole;
};

enum class Demote { no, yes };

/// Heals what settle() heals, then reads every installed file and slot and compares it with what
/// strake wrote there. A damaged one is demoted to partial, its boot files first, so that nothing
/// boots it and the next update brings it anew. The running version is only reported, and so is
/// what is in use, and what a running version on trial falls back on. Of a slot whose file system
/// is grown nothing can be told. With Demote::no nothing is changed or healed.
std::vector<Finding> repair(const base::Host &host, const Scope &scope, Demote demote);

} // namespace updater
