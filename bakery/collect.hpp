// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/repository.hpp"
#include "base/host.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bakery {

struct CollectRequest {
  std::string repository; ///< absolute path of its directory
  std::chrono::seconds older_than{};
  Doing doing = Doing::perform;
};

struct Collected {
  std::string file; ///< below the repository
  std::uint64_t size = 0;
};

/// Removes content that no list has named for so long: by then nobody is fetching it. Content that
/// came with a run that was cut counts from when it was put there; so do parts of downloads that no
/// run has gone on with. Names stay taken. After a
/// failure or power cut some of it is still there, for the next run. Throws Kind::not_found where
/// there is no repository.
std::vector<Collected> collect(const base::Host &host, const CollectRequest &request);

} // namespace bakery
