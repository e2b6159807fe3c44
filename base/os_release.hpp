// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <map>
#include <string>
#include <string_view>

namespace base {

/// The variables of a file of shell assignments, as os-release and machine-info are. Quotes and
/// backslashes mean what they mean to a shell; a line that is no assignment is passed over, and
/// of two the last counts.
std::map<std::string, std::string> parse_assignments(std::string_view text);

/// What /etc/os-release says beneath `root`, else /usr/lib/os-release. Without either it is empty.
std::map<std::string, std::string> read_os_release(const Dir &root);

} // namespace base
