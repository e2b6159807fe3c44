// SPDX-License-Identifier: Apache-2.0
#include "cli/table.hpp"

#include "base/printable.hpp"

#include <algorithm>

namespace cli {

namespace {

std::string padded(const std::string &text, std::size_t columns, Align align)
{
  const std::size_t missing = columns - std::min(columns, width(text));
  switch (align) {
  case Align::left:
    return text + std::string(missing, ' ');
  case Align::right:
    return std::string(missing, ' ') + text;
  case Align::center:
    return std::string(missing / 2, ' ') + text + std::string(missing - missing / 2, ' ');
  }
  return text;
}

} // namespace

std::size_t width(const std::string &text)
{
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; // not a continuation byte
  }));
}

std::string Table::line(const std::vector<std::string> &cells,
                        const std::vector<std::size_t> &widths) const
{
  std::string result;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    if (column > 0)
      result += ' ';
    result += padded(cells[column], widths[column], columns_[column].align);
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result + "\n";
}

std::string Table::text(Header header) const
{
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    // As systemd's tables: a column has its place even while there is nothing in it.
    std::size_t widest = 1;
    if (header == Header::yes)
      widest = std::max(widest, width(columns_[column].header));
    for (const auto &row : rows_)
      widest = std::max(widest, width(row[column]));
    widths.push_back(widest);
  }
  std::string result;
  if (header == Header::yes) {
    std::vector<std::string> names;
    for (const Column &column : columns_)
      names.push_back(column.header);
    result += line(names, widths);
  }
  for (const auto &row : rows_)
    result += line(row, widths);
  return result;
}

std::string or_dash(const std::string &text)
{
  return text.empty() ? "-" : base::printable(text);
}

} // namespace cli
