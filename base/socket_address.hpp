// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/un.h>

#include <optional>
#include <string_view>

namespace base {

/// The address of the socket at this path; nothing for an empty path and one that is too long for
/// an address, with the zero at its end.
std::optional<sockaddr_un> socket_address(std::string_view path);

} // namespace base
