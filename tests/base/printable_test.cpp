// SPDX-License-Identifier: Apache-2.0
#include "base/printable.hpp"

#include <doctest/doctest.h>

#include <array>
#include <utility>

TEST_SUITE_BEGIN("base/printable");

TEST_CASE("what a terminal would act on, and what is no UTF-8, is shown as its bytes")
{
  using Row = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Row, 16> rows = {{
      {"", ""},
      {"plain name-1.2~rc", "plain name-1.2~rc"},
      {"Größe €𝄞", "Größe €𝄞"},
      {"a\nb\tc", "a\\x0ab\\x09c"},
      {"\x1b[2J", "\\x1b[2J"},
      {"del\x7f", "del\\x7f"},
      {"a\\x0a", "a\\x5cx0a"},
      {std::string_view("nul\0", 4), "nul\\x00"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"cut \xe2\x82", "cut \\xe2\\x82"},
      {"\xc0\xaf", "\\xc0\\xaf"},          // "/" in a form that is too long
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, // half of a surrogate pair
      {"\xc2\x9b"
       "2J",
       "\\xc2\\x9b2J"},                             // a control character of one byte once
      {"\xe2\x80\xae", "\\xe2\\x80\\xae"},          // from right to left
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, // beyond Unicode
      {"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
  }};
  for (const auto &[text, shown] : rows) {
    CAPTURE(shown);
    CHECK(base::printable(text) == shown);
  }
}
