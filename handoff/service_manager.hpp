// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/transition.hpp"

#include <string>
#include <vector>

namespace handoff {

/// What systemctl prints with these arguments. Throws Kind::io with what it says if it fails.
std::string ask_service_manager(const base::Host &host, const std::vector<std::string> &arguments);

/// Whether the service manager has this unit from a file, and would have it after a soft-reboot;
/// not only because what it stands for is there, as a mount that the initrd has made.
bool has_unit_file(const base::Host &host, const std::string &unit);

/// The version of the service manager, 257; 0 where none is there.
unsigned service_manager_version(const base::Host &host);

/// Asks the service manager for it, and for nothing else: a reboot goes through the firmware,
/// whatever is mounted at /run/nextroot or loaded for kexec. Returns once that has agreed; the
/// machine is about to stop then. Throws Kind::io if it refuses.
void request(const base::Host &host, Transition transition);

} // namespace handoff
