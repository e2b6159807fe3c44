// SPDX-License-Identifier: Apache-2.0
#include "verity/gpt_label.hpp"

namespace verity {

namespace {

void append_utf8(std::string &text, std::uint32_t point)
{
  const auto tail = [&](unsigned shift) {
    text += static_cast<char>(0x80U | (point >> shift & 0x3fU));
  };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0U | point >> 6U);
    tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0U | point >> 12U);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0U | point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_high_surrogate(std::uint32_t unit)
{
  return unit >= 0xd800 && unit < 0xdc00;
}

bool is_low_surrogate(std::uint32_t unit)
{
  return unit >= 0xdc00 && unit < 0xe000;
}

// One code point off the front of `text`; nothing if it is not well-formed UTF-8 (RFC 3629).
std::optional<std::uint32_t> take_point(std::string_view &text)
{
  const auto byte = [&](std::size_t index) -> std::uint32_t {
    return static_cast<unsigned char>(text[index]);
  };
  const std::uint32_t lead = byte(0);
  std::size_t length = 1;
  std::uint32_t point = lead;
  std::uint32_t least = 0;
  if (lead >= 0x80) {
    if (lead < 0xc0 || lead > 0xf7)
      return std::nullopt;
    length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    least = length == 2 ? 0x80U : length == 3 ? 0x800U : 0x10000U;
    point = lead & (0x7fU >> length);
  }
  if (text.size() < length)
    return std::nullopt;
  for (std::size_t index = 1; index < length; ++index) {
    if ((byte(index) & 0xc0U) != 0x80U)
      return std::nullopt;
    point = point << 6U | (byte(index) & 0x3fU);
  }
  if (point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
    return std::nullopt;
  text.remove_prefix(length);
  return point;
}

} // namespace

bool label_fits(std::string_view utf8)
{
  return label_units(utf8).has_value();
}

std::optional<LabelUnits> label_units(std::string_view utf8)
{
  LabelUnits units{};
  std::size_t count = 0;
  while (!utf8.empty()) {
    const auto point = take_point(utf8);
    const std::size_t wanted = point && *point >= 0x10000 ? 2 : 1;
    if (!point || *point == 0 || units.size() - count < wanted)
      return std::nullopt;
    if (wanted == 2) {
      units[count++] = static_cast<std::uint16_t>(0xd800U + ((*point - 0x10000U) >> 10U));
      units[count++] = static_cast<std::uint16_t>(0xdc00U + ((*point - 0x10000U) & 0x3ffU));
    } else {
      units[count++] = static_cast<std::uint16_t>(*point);
    }
  }
  return units;
}

std::string label_text(const LabelUnits &units)
{
  std::string text;
  for (std::size_t index = 0; index < units.size() && units[index] != 0; ++index) {
    std::uint32_t point = units[index];
    const std::uint32_t next = index + 1 < units.size() ? units[index + 1] : 0U;
    if (is_high_surrogate(point) && is_low_surrogate(next)) {
      point = 0x10000U + ((point - 0xd800U) << 10U) + (next - 0xdc00U);
      ++index;
    } else if (is_high_surrogate(point) || is_low_surrogate(point)) {
      point = 0xfffd;
    }
    append_utf8(text, point);
  }
  return text;
}

} // namespace verity
