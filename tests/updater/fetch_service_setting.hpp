// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/socket_address.hpp"
#include "base/system_clock.hpp"
#include "support/temp_root.hpp"
#include "updater/fetch_service.hpp"
#include "updater/fetch_setting.hpp"
#include "updater/remote_fetcher.hpp"

#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace updater {

/// A socket at which each connection is served by a thread of its own, as strake-fetch.socket has a
/// process for each. Ends when all who connected have gone.
class FetchSocket {
public:
  using Serve = std::function<void(base::Fd connection)>;

  explicit FetchSocket(Serve serve = honest)
      : serve_(std::move(serve)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
  {
    const sockaddr_un address = base::socket_address(path()).value();
    if (::bind(listener_.number(), reinterpret_cast<const sockaddr *>(&address), sizeof address) !=
            0 ||
        ::listen(listener_.number(), SOMAXCONN) != 0)
      base::fail_errno("no socket for the test");
    accepter_ = std::thread([this] { accept_all(); });
  }

  FetchSocket(const FetchSocket &) = delete;
  FetchSocket &operator=(const FetchSocket &) = delete;

  ~FetchSocket()
  {
    ::shutdown(listener_.number(), SHUT_RDWR);
    accepter_.join();
    for (std::thread &server : servers_)
      server.join();
  }

  [[nodiscard]] std::string path() const { return root_.path() + "/fetch"; }

  static void honest(base::Fd connection)
  {
    base::SystemClock clock;
    serve_fetches(std::move(connection), clock);
  }

private:
  void accept_all()
  {
    for (;;) {
      base::Fd connection(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection.valid())
        return;
      servers_.emplace_back([this, number = connection.release()] { serve_(base::Fd(number)); });
    }
  }

  support::TempRoot root_;
  Serve serve_;
  base::Fd listener_;
  std::thread accepter_;
  std::vector<std::thread> servers_;
};

/// A FetchSetting whose fetches go through a service.
struct RemoteSetting : FetchSetting {
  std::map<std::string, std::string> environment;

  RemoteSetting() { options.retry_delay = std::chrono::milliseconds(1); }

  std::unique_ptr<RemoteFetcher> through(const FetchSocket &socket)
  {
    return std::make_unique<RemoteFetcher>(socket.path(), Servers{options, environment}, watcher);
  }

  Outcome get_through(const FetchSocket &socket, base::Fetch wanted)
  {
    collector.bytes.resize(wanted.have, '?');
    wanted.receiver = wanted.ask == base::Ask::head ? nullptr : &collector;
    try {
      return {through(socket)->fetch({wanted}).front(), std::nullopt};
    } catch (const base::Error &error) {
      return {std::nullopt, error};
    }
  }
};

} // namespace updater
