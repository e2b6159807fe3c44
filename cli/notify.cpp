// SPDX-License-Identifier: Apache-2.0
#include "cli/notify.hpp"

#include "base/error.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>

namespace cli {

void notify(const base::Host &host, const std::string &message)
{
  const auto path = host.variable("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!path || path->size() >= sizeof address.sun_path)
    return;
  const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid())
    return;
  address.sun_family = AF_UNIX;
  std::copy(path->begin(), path->end(), std::begin(address.sun_path));
  if (path->front() == '@')
    address.sun_path[0] = '\0'; // an abstract name
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());
  (void)::sendto(socket.number(),
                 message.data(),
                 message.size(),
                 MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr *>(&address),
                 length);
}

void request_reboot(const base::Host &host)
{
  const base::Finished done = host.programs.run({.argv = {"systemctl", "reboot"}});
  if (done.status != 0)
    base::fail(base::Kind::io,
               "systemctl reboot failed with exit status {}: {}",
               done.status,
               done.errors);
}

} // namespace cli
