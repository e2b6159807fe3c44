// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

#include <string>

/// Unsigned numbers as most formats have them: the lowest byte first, as many as the type has. Who
/// calls has seen that there is room.
namespace base::little_endian {

template <typename Number> Number load(Bytes data, std::size_t at)
{
  Number value = 0;
  for (std::size_t index = sizeof(Number); index-- > 0;)
    value = static_cast<Number>(static_cast<std::uint64_t>(value) << 8U |
                                std::to_integer<std::uint64_t>(data[at + index]));
  return value;
}

template <typename Number> void store(MutableBytes data, std::size_t at, Number value)
{
  for (std::size_t index = 0; index < sizeof(Number); ++index)
    data[at + index] = static_cast<std::byte>(value >> (8U * index) & 0xffU);
}

template <typename Number> void append(std::string &text, Number value)
{
  for (std::size_t index = 0; index < sizeof(Number); ++index)
    text.push_back(static_cast<char>(value >> (8U * index) & 0xffU));
}

} // namespace base::little_endian
