// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/catalogue.hpp"
#include "base/host.hpp"

#include <string>
#include <vector>

namespace bakery {

/// Fetches these files from `url` into the directory `incoming`, each under its name and durable.
/// What an earlier run got of one is gone on with where the server can. A file that is whole has
/// the size and hash it should have; one that has not is removed, and this throws Kind::untrusted.
/// However many and large they are, no more than a piece of each is in memory.
void download(const base::Host &host,
              const base::Dir &incoming,
              const std::string &url,
              const std::vector<OfferedFile> &files);

} // namespace bakery
