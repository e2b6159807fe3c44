// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace overlay {

/// How much may be written to an ephemeral hierarchy where nothing else is said. systemd has no
/// bound of its own. Of /usr, /opt and /etc all three can be full with it, and programs still have
/// two fifths of the memory.
constexpr std::string_view default_size_limit = "20%";

/// A size as people and the tmpfs write it: bytes, with K, M, G or T for powers of 1024, or 1 to
/// 100 percent of the memory, "512M", "20%". Nothing if it is none, or 0, which would be no limit
/// at all.
std::optional<std::string> parse_size_limit(std::string_view text);

} // namespace overlay
