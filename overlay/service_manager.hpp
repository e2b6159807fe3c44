// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/aftermath.hpp"

namespace overlay {

/// Sees to what has changed, if the root is that of the running system: runs the command of each
/// topic where there is somebody to tell, and then, where systemd runs, restarts or reloads the
/// units that are wished for; one that is not there any more is stopped. While the system starts up
/// units are not waited for, since they may be waiting for whoever merges extensions. What fails is
/// said on the log and keeps nothing else from being done: the extensions are in place by now.
void fulfil(const base::Host &host, const Aftermath &aftermath);

} // namespace overlay
