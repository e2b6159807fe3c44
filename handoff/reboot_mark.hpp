// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/transition.hpp"

#include <string>

namespace handoff {

/// Has the files in /run that others look at say what is waiting: /run/reboot-required (kured, the
/// message of the day) with /run/reboot-required.pkgs, wherever anything is; beside it
/// /run/soft-reboot-required where a soft-reboot is enough. With Transition::none they go. A
/// /run/reboot-required that somebody else wrote stays as it is.
void mark_reboot(const base::Host &host, Transition transition, const std::string &version);

} // namespace handoff
