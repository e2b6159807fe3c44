// SPDX-License-Identifier: Apache-2.0
#include "handoff/unified_image.hpp"

#include "base/dir.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace handoff {

namespace {

// By the PE format of Microsoft; all numbers are little-endian.
constexpr std::size_t dos_header_size = 64;
constexpr std::size_t pe_offset_at = 0x3c;
constexpr std::size_t coff_header_size = 24; // with the signature "PE\0\0"
constexpr std::size_t section_count_at = 6;
constexpr std::size_t optional_size_at = 20;
constexpr std::size_t section_size = 40;
constexpr std::size_t name_size = 8;
constexpr std::size_t virtual_size_at = 8;
constexpr std::size_t raw_size_at = 16;
constexpr std::size_t raw_offset_at = 20;
constexpr std::size_t most_sections = 96; // more no loader takes
constexpr std::uint64_t text_limit = std::uint64_t{1} << 20U;
constexpr std::array text_sections = {".osrel", ".cmdline", ".uname"};

using Block = std::vector<std::byte>;

template <std::size_t size> std::uint32_t number_at(const Block &block, std::size_t at)
{
  std::uint32_t number = 0;
  for (std::size_t index = size; index > 0; --index)
    number = (number << 8U) | std::to_integer<std::uint32_t>(block.at(at + index - 1));
  return number;
}

std::string text_at(const Block &block, std::size_t at, std::size_t size)
{
  std::string text;
  for (std::size_t index = at; index < at + size; ++index)
    text.push_back(std::to_integer<char>(block.at(index)));
  return text.substr(0, text.find('\0'));
}

/// Nothing where the file ends before.
std::optional<Block> read_block(const base::Fd &file, std::uint64_t at, std::size_t size)
{
  Block block(size);
  if (base::read_at(file, at, block) != size)
    return std::nullopt;
  return block;
}

UnifiedImageReading refused(std::string why)
{
  return {std::nullopt, std::move(why)};
}

UnifiedImageReading read_sections(const base::Fd &file, const Block &table)
{
  UnifiedImage image;
  for (std::size_t at = 0; at < table.size(); at += section_size) {
    const std::string name = text_at(table, at, name_size);
    // Of a section that is padded with zeros in the file the smaller size is its content.
    const std::uint64_t size =
        std::min(number_at<4>(table, at + virtual_size_at), number_at<4>(table, at + raw_size_at));
    const std::uint64_t offset = number_at<4>(table, at + raw_offset_at);
    if (offset + size > base::size_of(file))
      return refused(fmt::format("its section {} reaches beyond the end of the file", name));
    image.sections.emplace(name, base::ByteRange{offset, size});
    if (name == ".linux")
      image.has_kernel = size > 0;
    if (std::find(text_sections.begin(), text_sections.end(), name) == text_sections.end())
      continue;
    if (size > text_limit)
      return refused(fmt::format("its section {} has {} bytes, too many for a text", name, size));
    const auto text = read_block(file, offset, static_cast<std::size_t>(size));
    if (!text)
      return refused(fmt::format("its section {} cannot be read whole", name));
    image.texts.emplace(name, text_at(*text, 0, text->size()));
  }
  return {std::move(image), {}};
}

} // namespace

UnifiedImageReading read_unified_image(const base::Fd &file)
{
  const auto dos = read_block(file, 0, dos_header_size);
  if (!dos || text_at(*dos, 0, 2) != "MZ")
    return refused("it is no program that firmware could start");
  const std::uint64_t pe_at = number_at<4>(*dos, pe_offset_at);
  const auto coff = read_block(file, pe_at, coff_header_size);
  if (!coff || text_at(*coff, 0, 4) != "PE")
    return refused("it is no program that firmware could start");
  const std::size_t sections = number_at<2>(*coff, section_count_at);
  if (sections > most_sections)
    return refused(fmt::format("it claims to have {} sections", sections));
  const std::uint64_t table_at = pe_at + coff_header_size + number_at<2>(*coff, optional_size_at);
  const auto table = read_block(file, table_at, sections * section_size);
  if (!table)
    return refused("it ends within its table of sections");
  return read_sections(file, *table);
}

} // namespace handoff
