// SPDX-License-Identifier: Apache-2.0
#include "updater/make_fetcher.hpp"

#include "updater/divided_fetcher.hpp"
#include "updater/remote_fetcher.hpp"

namespace updater {

std::unique_ptr<base::Fetcher> make_fetcher(TransportOptions options,
                                            const std::map<std::string, std::string> &environment,
                                            base::Clock &clock,
                                            FetchObserver &observer)
{
  const auto socket = environment.find("STRAKE_FETCH");
  if (socket == environment.end())
    return std::make_unique<CurlFetcher>(std::move(options), clock, observer);
  auto mirrors = std::exchange(options.mirrors, {}); // who divides what is wanted looks at them
  auto servers = std::make_unique<RemoteFetcher>(
      socket->second, Servers{options, proxy_variables(environment)}, observer);
  auto files = std::make_unique<CurlFetcher>(std::move(options), clock, observer);
  return std::make_unique<DividedFetcher>(std::move(mirrors), std::move(files), std::move(servers));
}

} // namespace updater
