// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// What a machine's network and power are like, as far as it says so.
struct Surroundings {
  bool is_metered = false;    ///< NetworkManager says so, or guesses it
  bool is_on_battery = false; ///< a battery feeds the machine, and no mains does
};

/// Asks the kernel, and NetworkManager where that runs. What nobody says is false.
Surroundings read_surroundings(const base::Host &host);

/// Somebody who does not want the machine to go down now (systemd-inhibit(1)).
struct Inhibitor {
  std::string who;
  std::string why;

  bool operator==(const Inhibitor &) const = default;
};

/// Those who block a shutdown, of what ListInhibitors of org.freedesktop.login1.Manager answers as
/// `busctl --json=short` shows it. Who only delays one is waited for by the service manager itself.
std::vector<Inhibitor> parse_inhibitors(std::string_view json);

/// Asks logind; none where it does not run.
std::vector<Inhibitor> read_inhibitors(const base::Host &host);

} // namespace handoff
