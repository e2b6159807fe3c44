// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fetcher.hpp"
#include "updater/fetch.hpp"
#include "updater/fetch_channel.hpp"
#include "updater/fetch_message.hpp"

#include <optional>
#include <string>

namespace updater {

/// Fetches through serve_fetches() in another process, which may be kept from all that this one
/// may do. That process is believed no more than a server: what it says is bounded and judged, and
/// what it brings is checked by whoever receives it.
class RemoteFetcher final : public base::Fetcher {
public:
  /// Connects to the socket at this path once there is something to fetch, and again after a
  /// fetch() that failed. `observer` must outlive it.
  RemoteFetcher(std::string socket, const Servers &servers, FetchObserver &observer);

  /// As Fetcher says, but all that is wanted are URLs of servers, and all their places are named.
  std::vector<base::Fetched> fetch(const std::vector<base::Fetch> &wanted) override;

private:
  FetchChannel open_channel();

  std::string socket_;
  std::string servers_;
  FetchObserver &observer_;
  std::optional<FetchChannel> channel_;
};

} // namespace updater
