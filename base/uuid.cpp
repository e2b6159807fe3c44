// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.hpp"

#include <fmt/format.h>

namespace base {

namespace {

int hex_value(char digit)
{
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  if (digit >= 'a' && digit <= 'f')
    return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F')
    return digit - 'A' + 10;
  return -1;
}

bool is_dash_place(std::size_t index)
{
  return index == 8 || index == 13 || index == 18 || index == 23;
}

} // namespace

std::optional<Uuid> Uuid::parse(std::string_view text)
{
  const bool dashed = text.size() == 36;
  if (!dashed && text.size() != 32)
    return std::nullopt;
  Uuid result;
  std::size_t digits = 0;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (dashed && is_dash_place(index)) {
      if (text[index] != '-')
        return std::nullopt;
      continue;
    }
    const int value = hex_value(text[index]);
    if (value < 0)
      return std::nullopt;
    std::uint8_t &byte = result.bytes[digits / 2];
    byte = static_cast<std::uint8_t>(byte << 4U | value);
    ++digits;
  }
  return result;
}

std::string Uuid::text() const
{
  std::string result;
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    if (index == 4 || index == 6 || index == 8 || index == 10)
      result += '-';
    result += fmt::format("{:02x}", bytes[index]);
  }
  return result;
}

} // namespace base
