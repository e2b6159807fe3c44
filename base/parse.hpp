// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace base {

enum class Radix { octal = 8, decimal = 10, hexadecimal = 16 };

/// A number of nothing but digits of that radix; no sign, no space, no "0x". Nothing if it is
/// anything else or larger than 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text, Radix radix = Radix::decimal);

/// The words of the field, in either case: 1 yes y true t on, 0 no n false f off.
std::optional<bool> parse_boolean(std::string_view text);

/// A span of time as in systemd.time(7), in whole seconds and up to days: "90", "10m", "1h 30min".
/// Nothing if it is anything else, or longer than a year.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

} // namespace base
