// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>
#include <vector>

namespace handoff {

/// What a reset is on this machine, in strake/reset.conf and its drop-ins (reset.conf.d/*.conf) in
/// /etc, /run, /usr/local/lib and /usr/lib:
///
///     [Reset]
///     Places=/etc /var
///     Keep=/etc/ssh/ssh_host_.*
///     KeepMachineId=yes
///     KeepData=yes
///     Backup=yes
struct ResetSettings {
  std::vector<std::string> places{"/etc", "/var", "/root", "/home", "/srv", "/opt"};
  bool names_places = false; ///< Places= is there
  std::vector<std::string> keep{};
  bool keep_machine_id = false;
  bool keep_data = false; ///< what extensions have written
  bool backup = false;

  bool operator==(const ResetSettings &) const = default;
};

/// Throws Kind::config with file and line for what is not understood: what is passed over would be
/// lost.
ResetSettings read_reset_settings(const base::Host &host);

} // namespace handoff
