// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace cli {

/// "2026-11-27 04:20:00 UTC", of seconds since 1970.
std::string utc(std::int64_t seconds);

} // namespace cli
