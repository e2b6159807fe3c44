// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>

namespace cli {

/// Tells the service manager how things stand (sd_notify(3)), if $NOTIFY_SOCKET names one. A
/// message that cannot be delivered is dropped: nothing depends on it.
void notify(const base::Host &host, const std::string &message);

} // namespace cli
