// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/follow_ups.hpp"

namespace overlay {

/// Puts what another extension wants to that of others, each unit once; restarting wins over
/// reloading.
void add_wishes(FollowUps &wishes, const FollowUps &more);

/// Has systemd, where it runs and the root is its own, read its units anew and then restart or
/// reload those that are wished for; a unit that is not there any more is stopped. Returns when
/// they are, but while the system starts up when systemd has taken note of it. What fails is said
/// on the log and keeps nothing else from being done: the extensions are in place by now.
void fulfil(const base::Host &host, const FollowUps &wishes);

} // namespace overlay
