// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/fetcher.hpp"
#include "base/host.hpp"
#include "updater/fetch.hpp"
#include "updater/fetch_options.hpp"

#include <map>
#include <memory>
#include <string>

namespace updater {

/// What fetches for this process: a CurlFetcher in it; or, where the environment's STRAKE_FETCH is
/// the path of a socket, the process behind that for what servers have. `clock` and `observer` must
/// outlive it.
std::unique_ptr<base::Fetcher> make_fetcher(TransportOptions options,
                                            const std::map<std::string, std::string> &environment,
                                            base::Clock &clock,
                                            FetchObserver &observer);

} // namespace updater
