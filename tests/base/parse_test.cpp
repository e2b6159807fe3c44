// SPDX-License-Identifier: Apache-2.0
#include "base/parse.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("base/parse");

using base::parse_boolean;
using base::parse_number;
using base::Radix;

TEST_CASE("a number is digits of its radix and nothing else")
{
  CHECK(parse_number("0") == 0);
  CHECK(parse_number("010") == 10);
  CHECK(parse_number("18446744073709551615") == 18446744073709551615ULL);
  CHECK(parse_number("0644", Radix::octal) == 0644);
  CHECK(parse_number("fF", Radix::hexadecimal) == 255);
  for (const char *wrong :
       {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "a"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_number(wrong));
  }
  CHECK_FALSE(parse_number("8", Radix::octal));
  CHECK_FALSE(parse_number("0x1", Radix::hexadecimal));
}

TEST_CASE("a boolean is one of the field's words, in either case")
{
  for (const char *word : {"1", "yes", "y", "true", "t", "on", "YES", "On"})
    CHECK(parse_boolean(word) == true);
  for (const char *word : {"0", "no", "n", "false", "f", "off", "No", "OFF"})
    CHECK(parse_boolean(word) == false);
  for (const char *word : {"", "2", "yess", "enabled", " yes"})
    CHECK_FALSE(parse_boolean(word).has_value());
}

TEST_CASE("a span of time is numbers with units, up to days")
{
  using base::parse_duration;
  using namespace std::chrono_literals;
  CHECK(parse_duration("90") == 90s);
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("10m") == 10min);
  CHECK(parse_duration("10 min") == 10min);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("1d 2h 3sec") == 26h + 3s);
  CHECK(parse_duration("365d") == 365 * 24h);
  for (const char *wrong :
       {"", " ", "m", "-1m", "1.5h", "1x", "10 m x", "366d", "364d48h", "18446744073709551615m"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_duration(wrong).has_value());
  }
}
