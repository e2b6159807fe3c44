// SPDX-License-Identifier: Apache-2.0
#include "base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace base {

namespace {

bool is_continuation(char byte)
{
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// The bytes of the character that `text` begins with, 0 if it begins with none that may be shown.
std::size_t length_of_character(std::string_view text)
{
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80)
    return first >= ' ' && first != 0x7F ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length ||
      !std::all_of(
          text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), is_continuation))
    return 0;
  std::uint32_t code = first & (0x7FU >> length);
  for (std::size_t index = 1; index < length; ++index)
    code = code << 6U | (static_cast<unsigned char>(text[index]) & 0x3FU);
  const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  const bool is_control = code < 0xA0;
  // U+200E … U+2069: marks that turn the direction of writing, so that a text reads as another.
  const bool turns_text = code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
                          (code >= 0x2066 && code <= 0x2069);
  return is_overlong || is_surrogate || is_control || turns_text || code > 0x10FFFF ? 0 : length;
}

} // namespace

std::string printable(std::string_view text)
{
  std::string shown;
  while (!text.empty()) {
    const std::size_t length = text.front() == '\\' ? 0 : length_of_character(text);
    if (length == 0)
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    else
      shown += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

} // namespace base
