// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/catalogue.hpp"
#include "base/host.hpp"

#include <string>
#include <vector>

namespace bakery {

/// Gets every byte of these files from `url` as a client would, once from the start and once from
/// the middle, and compares them with what was published, which lies in `content`. Throws
/// Kind::not_found for one that is not there, Kind::untrusted for other bytes, and Kind::network
/// where the server cannot go on with an interrupted download.
void check_over_the_wire(const base::Host &host,
                         const base::Dir &content,
                         const std::string &url,
                         const std::vector<OfferedFile> &files);

} // namespace bakery
