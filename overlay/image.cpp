// SPDX-License-Identifier: Apache-2.0
#include "overlay/image.hpp"

#include <algorithm>
#include <array>

namespace overlay {

namespace {

constexpr std::array<std::string_view, 5> kinds = {
    "directory", "subvolume", "raw", "block", "mstack"};

/// How many bytes the UTF-8 character at the front of `text` has; 0 if there is none. Overlong
/// forms, halves of surrogate pairs and what is beyond Unicode are none.
std::size_t character_length(std::string_view text)
{
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned first = byte(0);
  if (first < 0x80U)
    return 1;
  const std::size_t length = first < 0xC2U ? 0 : first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
  if (length == 0 || first > 0xF4U || text.size() < length)
    return 0;
  for (std::size_t index = 1; index < length; ++index)
    if ((byte(index) & 0xC0U) != 0x80U)
      return 0;
  const unsigned second = byte(1);
  const bool is_overlong = (first == 0xE0U && second < 0xA0U) || (first == 0xF0U && second < 0x90U);
  const bool is_surrogate = first == 0xEDU && second >= 0xA0U;
  const bool is_beyond = first == 0xF4U && second >= 0x90U;
  return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

bool is_utf8(std::string_view text)
{
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_control(char letter)
{
  const auto byte = static_cast<unsigned char>(letter);
  return byte < ' ' || byte == 0x7FU;
}

} // namespace

std::string_view name(ImageKind kind)
{
  return kinds.at(static_cast<std::size_t>(kind));
}

bool is_valid_image_name(std::string_view name)
{
  constexpr std::size_t longest = 255;
  return !name.empty() && name.size() <= longest && name != "." && name != ".." &&
         !name.starts_with(".#") && name.find('/') == std::string_view::npos &&
         std::none_of(name.begin(), name.end(), is_control) && is_utf8(name);
}

} // namespace overlay
