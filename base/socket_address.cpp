// SPDX-License-Identifier: Apache-2.0
#include "base/socket_address.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace base {

std::optional<sockaddr_un> socket_address(std::string_view path)
{
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return std::nullopt;
  std::ranges::copy(path, std::begin(address.sun_path));
  return address;
}

} // namespace base
