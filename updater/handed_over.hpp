// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>

namespace updater {

/// Notes that this version is about to take over without the boot loader, by a soft-reboot or a
/// kexec: its tries are not counted, though it is on trial until it is found good. In place of an
/// earlier note; durable on return.
void note_handed_over(base::Sys &sys, const base::Dir &state, const std::string &version);

/// The version that took over in that way last; empty if none ever did.
std::string handed_over(const base::Host &host);

} // namespace updater
