// SPDX-License-Identifier: Apache-2.0
#include "cli/notify.hpp"

#include "base/socket_address.hpp"

#include <sys/socket.h>

#include <cstddef>

namespace cli {

void notify(const base::Host &host, const std::string &message)
{
  const auto path = host.variable("NOTIFY_SOCKET");
  auto address = base::socket_address(path.value_or(""));
  if (!address)
    return;
  const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid())
    return;
  if (path->front() == '@')
    address->sun_path[0] = '\0'; // an abstract name
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());
  (void)::sendto(socket.number(),
                 message.data(),
                 message.size(),
                 MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr *>(&*address),
                 length);
}

} // namespace cli
