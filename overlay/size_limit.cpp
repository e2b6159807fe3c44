// SPDX-License-Identifier: Apache-2.0
#include "overlay/size_limit.hpp"

#include "base/parse.hpp"

#include <limits>

namespace overlay {

std::optional<std::string> parse_size_limit(std::string_view text)
{
  constexpr std::string_view units = "KMGT";
  std::string_view digits = text;
  std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  if (digits.ends_with('%')) {
    digits.remove_suffix(1);
    largest = 100;
  } else if (!digits.empty()) {
    if (const auto power = units.find(digits.back()); power != std::string_view::npos) {
      digits.remove_suffix(1);
      largest >>= 10U * (power + 1);
    }
  }
  const auto number = base::parse_number(digits);
  if (!number || *number == 0 || *number > largest)
    return std::nullopt;
  return std::string(text);
}

} // namespace overlay
