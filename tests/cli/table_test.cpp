// SPDX-License-Identifier: Apache-2.0
#include "cli/table.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("cli/table");

using cli::Align;
using cli::Table;

TEST_CASE("a column is as wide as its widest cell, and the last one is not filled up")
{
  Table table({{"NAME"}, {"SIZE", Align::right}, {"MARK", Align::center}, {"WHY"}});
  table.add({"a", "12", "✓", "one"});
  table.add({"longer", "1", "", ""});
  CHECK(table.text(Table::Header::yes) == "NAME   SIZE MARK WHY\n"
                                          "a        12  ✓   one\n"
                                          "longer    1\n");
}

TEST_CASE("without headers only the cells say how wide a column is")
{
  Table table({{"A LONG HEADER"}, {"ANOTHER"}});
  table.add({"a", "b"});
  CHECK(table.text(Table::Header::no) == "a b\n");
}

TEST_CASE("a column without anything in it keeps a place of its own")
{
  Table table({{"", Align::right}, {"VERSION"}, {"X"}});
  CHECK(table.text(Table::Header::yes) == "  VERSION X\n");
  table.add({"", "1", ""});
  table.add({"", "", "x"});
  CHECK(table.text(Table::Header::no) == "  1\n"
                                         "    x\n");
}

TEST_CASE("a table without rows is empty, and has no more than its headers")
{
  const Table table({{"A"}, {"B"}});
  CHECK(table.empty());
  CHECK(table.text(Table::Header::no).empty());
}

TEST_CASE("the width of a text is counted in letters")
{
  CHECK(cli::width("") == 0);
  CHECK(cli::width("ab") == 2);
  CHECK(cli::width("●") == 1);
  CHECK(cli::width("größer") == 6);
}
