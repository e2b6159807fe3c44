// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/json.hpp"
#include "cli/table.hpp"
#include "updater/inventory.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cli {

/// What `list VERSION` tells of the parts of a version, one object a part. Of the columns those are
/// there in which some part has a value; UUID and flags of partitions only where some target is a
/// partition, time and mode only where some target is none, and each of these pairs together. What
/// is not known of a part is null. `holdings` are those that `set` was made of.
Value contents_json(const std::vector<updater::Holding> &holdings, const updater::UpdateSet &set);

/// The same for people; what is not known of a part is "-".
Table contents_table(const std::vector<updater::Holding> &holdings, const updater::UpdateSet &set);

/// With one digit behind the point at most, cut off and not rounded: "97.6K", "4K", "1023B".
std::string size_text(std::uint64_t bytes);

/// Microseconds since 1970 as "Mon 2026-11-23 09:21:00 UTC", in local time; "-" for 0.
std::string time_text(std::uint64_t microseconds);

} // namespace cli
