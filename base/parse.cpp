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

std::optional<std::chrono::seconds> parse_duration(std::string_view text)
{
  struct Unit {
    std::string_view name;
    std::uint64_t seconds;
  };

  constexpr std::array units = {Unit{"", 1},
                                Unit{"s", 1},
                                Unit{"sec", 1},
                                Unit{"m", 60},
                                Unit{"min", 60},
                                Unit{"h", 3600},
                                Unit{"d", 86400}};
  constexpr std::uint64_t longest = 365 * std::uint64_t{86400};
  constexpr std::string_view digits = "0123456789";
  const auto take = [&text](std::size_t length) {
    const std::string_view taken = text.substr(0, length);
    text.remove_prefix(taken.size());
    return taken;
  };
  std::uint64_t total = 0;
  do {
    take(text.find_first_not_of(' '));
    const auto number = parse_number(take(text.find_first_not_of(digits)));
    take(text.find_first_not_of(' '));
    const std::string_view name = take(text.find_first_of("0123456789 "));
    const auto unit = std::find_if(
        units.begin(), units.end(), [&](const Unit &each) { return each.name == name; });
    if (!number || unit == units.end() || *number > longest / unit->seconds)
      return std::nullopt;
    total += *number * unit->seconds;
  } while (!text.empty());
  if (total > longest)
    return std::nullopt;
  return std::chrono::seconds(total);
}

} // namespace base
