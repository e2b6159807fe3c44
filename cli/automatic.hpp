// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/verbs.hpp"
#include "updater/update.hpp"

#include <string>

namespace cli {

/// Lets the programs of HookPoint::before_update look at the version that is about to come, and has
/// the update be about this very version then. False: one of them does not want it now, which was
/// said.
bool may_come(const Call &call, updater::UpdateOptions &options);

/// Runs the programs that want to know what has come.
void tell_hooks(const Call &call,
                const std::string &component,
                const updater::UpdateResult &result);

/// What waits for a reboot is marked for others, and measured, after something that may have
/// changed it on the machine that runs. Where nothing does, earlier attempts at it are forgotten.
void mark_what_waits(const Call &call);

} // namespace cli
