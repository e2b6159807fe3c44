// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/update.hpp"

#include <chrono>
#include <string>

namespace cli {

/// How long one listener may take to do what follows from an update.
constexpr std::chrono::minutes listener_patience{5};

/// Tells every socket in /run/systemd/sysupdate/notify/ of the machine, one after the other, that
/// an update is complete (io.systemd.SysUpdate.Notify.OnCompletedUpdate by varlink), and waits for
/// each to answer. Listeners that fail, refuse or take too long are logged, and change nothing.
void tell_listeners(const base::Host &host,
                    const std::string &component,
                    const updater::UpdateResult &result,
                    std::chrono::milliseconds patience = listener_patience);

} // namespace cli
