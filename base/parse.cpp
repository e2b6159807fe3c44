// SPDX-License-Identifier: Apache-2.0
#include "base/parse.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace base {

std::optional<std::uint64_t> parse_number(std::string_view text, Radix radix)
{
  std::uint64_t value = 0;
  const char *const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, static_cast<int>(radix));
  if (error != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

std::optional<bool> parse_boolean(std::string_view text)
{
  constexpr std::array<std::string_view, 6> yes = {"1", "yes", "y", "true", "t", "on"};
  constexpr std::array<std::string_view, 6> no = {"0", "no", "n", "false", "f", "off"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  if (std::find(yes.begin(), yes.end(), lower) != yes.end())
    return true;
  if (std::find(no.begin(), no.end(), lower) != no.end())
    return false;
  return std::nullopt;
}

} // namespace base
