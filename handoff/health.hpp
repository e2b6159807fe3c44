// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/boot_menu.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace handoff {

/// What is asked of a system that was started, in strake/health.conf and its drop-ins
/// (health.conf.d/*.conf) in /etc, /run, /usr/local/lib and /usr/lib:
///
///     [Health]
///     RequiredUnits=app.service
///     Deadline=5min
struct HealthSettings {
  std::vector<std::string> required_units{}; ///< that must be active
  std::chrono::seconds deadline{300};        ///< for all there is to check

  bool operator==(const HealthSettings &) const = default;
};

/// Throws Kind::config with file and line for what is not understood.
HealthSettings read_health_settings(const base::Host &host);

struct HealthCheck {
  std::string name; ///< path of the program beneath the root, or the unit
  bool is_required = true;
  std::string failure{}; ///< why it is not as it should be, as a half sentence; empty: it is
};

/// Asks all of it: the units, which may still be starting, and then the programs in
/// check/required.d and check/wanted.d of /usr/lib/greenboot and /etc/greenboot, in the order of
/// their names; each has to end with 0. What is not done by the deadline has failed.
std::vector<HealthCheck> check_health(const base::Host &host, const HealthSettings &settings);

/// Nothing that is required has failed.
bool is_good(const std::vector<HealthCheck> &checks);

/// What is required and failed, each with why: "PATH: it ended with 1; UNIT: it is failed".
std::string failures_of(const std::vector<HealthCheck> &checks);

/// Notes in the history, and so in the journal, that the system that runs is not good: its reason
/// is there after the reboot.
void note_bad_health(const base::Host &host, const std::vector<HealthCheck> &checks);

/// Runs the programs that want to know: those of green.d or of red.d beside check/. What they end
/// with is of no account.
void tell_of_health(const base::Host &host, bool good);

/// Why starting once more would not lead to another system: what runs is not on trial, or nothing
/// else can boot. Empty if the boot loader counts its tries, and has something to fall back on.
std::string reason_to_stay(const std::vector<MenuEntry> &menu);

} // namespace handoff
