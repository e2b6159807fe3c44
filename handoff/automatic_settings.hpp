// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/transition.hpp"
#include "handoff/window.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// How far strake's timers go with a new version by themselves. Each includes those before it.
enum class Reach {
  notify,   ///< says that it is there
  download, ///< brings it onto the machine, pending
  stage,    ///< installs it: the next boot, whoever asks for that, leads to it
  apply,    ///< brings it into effect, in a window
};

/// "notify", "download", "stage", "apply"
std::string_view name(Reach reach);

/// What is said in strake/automatic.conf and its drop-ins (automatic.conf.d/*.conf) in /etc, /run,
/// /usr/local/lib and /usr/lib:
///
///     [Automatic]
///     Policy=apply
///     PolicyOnMetered=notify
///     PolicyOnBattery=download
///     Window=Sat,Sun 02:00-05:00 Europe/Berlin
///     Kexec=no
///     MetricsFile=/var/lib/prometheus/node-exporter/strake.prom
struct AutomaticSettings {
  Reach policy = Reach::stage;
  Reach on_metered = Reach::notify; ///< at most, while the network is metered
  Reach on_battery = Reach::stage;  ///< at most, while there is no mains power
  std::vector<Window> windows{};    ///< Window=, each one more; none: any time
  Kexec kexec = Kexec::unwanted;
  std::string metrics_file{}; ///< absolute path; empty: none

  bool operator==(const AutomaticSettings &) const = default;
};

/// Throws Kind::config with file and line for what is not understood.
AutomaticSettings read_automatic_settings(const base::Host &host);

} // namespace handoff
