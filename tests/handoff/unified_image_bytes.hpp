// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace handoff_test {

struct Section {
  std::string name;
  std::string content;
};

constexpr std::size_t pe_offset = 64;
constexpr std::size_t table_offset = pe_offset + 24; ///< without an optional header

/// The smallest PE file with these sections, which follow one another without gaps.
inline std::string unified_image(const std::vector<Section> &sections)
{
  const auto number = [](std::uint64_t value, unsigned size) {
    std::string bytes;
    for (unsigned index = 0; index < size; ++index)
      bytes += static_cast<char>(value >> (8 * index));
    return bytes;
  };
  std::string head = "MZ" + std::string(58, '\0') + number(pe_offset, 4);
  head += std::string("PE\0\0", 4) + number(0x8664, 2) + number(sections.size(), 2) +
          std::string(16, '\0');
  std::string content;
  const std::size_t content_offset = table_offset + 40 * sections.size();
  for (const Section &each : sections) {
    std::string name = each.name;
    name.resize(8, '\0');
    head += name + number(each.content.size(), 4) + number(0, 4) + number(each.content.size(), 4) +
            number(content_offset + content.size(), 4) + std::string(16, '\0');
    content += each.content;
  }
  return head + content;
}

} // namespace handoff_test
