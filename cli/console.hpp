// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "cli/options.hpp"

#include <map>
#include <string>

namespace cli {

/// Where commentary goes: standard error, one message a line. Under the service manager with the
/// prefix by which the journal takes the level; on a terminal without any. What is below the level
/// of $SYSTEMD_LOG_LEVEL (info if unset) is left out.
base::Log console(const std::map<std::string, std::string> &environment);

} // namespace cli
