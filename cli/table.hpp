// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace cli {

enum class Align { left, center, right };

struct Column {
  std::string header;
  Align align = Align::left;
};

/// Rows of text under headers, each column as wide as its widest cell on screen, and at least 1.
class Table {
public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  [[nodiscard]] bool empty() const { return rows_.empty(); }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  enum class Header { no, yes };
  /// The table as text, without spaces at the ends of lines; an empty cell stays empty.
  [[nodiscard]] std::string text(Header header) const;

private:
  [[nodiscard]] std::string line(const std::vector<std::string> &cells,
                                 const std::vector<std::size_t> &widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// A cell for a text from outside: printable, and "-" where there is none.
std::string or_dash(const std::string &text);

/// How many columns a UTF-8 text takes on screen; symbols of the field all take one.
std::size_t width(const std::string &text);

} // namespace cli
