// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/apply.hpp"
#include "handoff/automatic.hpp"
#include "handoff/last_run.hpp"
#include "updater/history.hpp"
#include "updater/policy.hpp"
#include "updater/system_set.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// A version of the system on this machine.
struct SystemVersion {
  std::string version;
  std::string assessment{}; ///< as `list` has it; empty: no definition is about it
  std::optional<BootState> boot{};
  std::optional<unsigned> tries_left{};
  bool is_running = false;
  bool is_next = false;
  updater::SystemSet extensions{}; ///< that go with it
};

/// A component, and which versions of it are here.
struct ComponentVersions {
  std::string name;
  std::string in_use{};  ///< of an extension, what its link leads to; empty: it is none, or none is
  std::string newest{};  ///< installed; empty: none is
  std::string pending{}; ///< here, but not in effect; empty: none is
};

/// Something that somebody should look at.
struct Trouble {
  std::string what; ///< a sentence
  std::string todo; ///< another: what can be done

  bool operator==(const Trouble &) const = default;
};

/// What runs, what is there, what happens next, and what is wrong; found out without the network.
struct MachineStatus {
  std::string running; ///< IMAGE_VERSION=; empty: the system does not say
  std::vector<SystemVersion> systems{};
  std::vector<ComponentVersions> components{};
  std::optional<Outlook> outlook{}; ///< nothing: there are no boot entries
  std::optional<Turn> turn{};       ///< of the timer, where another system is next
  AutomaticSettings settings{};
  Surroundings surroundings{};
  updater::Policy policy{};
  std::optional<LastRun> last_run{};
  bool is_reset_staged = false;
  std::vector<Trouble> troubles{};
};

/// Throws what reading the definitions, the records and the boot menu throws; that there are none
/// of them is no failure.
MachineStatus read_status(const base::Host &host);

/// What is wrong, by everything else that is known, and the history.
std::vector<Trouble> find_troubles(const MachineStatus &status,
                                   const std::vector<updater::Event> &history);

} // namespace handoff
