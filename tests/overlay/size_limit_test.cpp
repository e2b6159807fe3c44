// SPDX-License-Identifier: Apache-2.0
#include "overlay/size_limit.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("overlay/size_limit");

TEST_CASE("sizes are bytes, powers of 1024 or a part of the memory")
{
  for (const char *text : {"1", "4096", "512K", "3M", "2G", "1T", "1%", "100%"})
    CHECK_MESSAGE(overlay::parse_size_limit(text) == text, text);
  CHECK(overlay::parse_size_limit(overlay::default_size_limit));
}

TEST_CASE("what is no size, or would be no limit")
{
  for (const char *text : {"",
                           "0",
                           "0%",
                           "0M",
                           "101%",
                           "M",
                           "%",
                           "-1",
                           "1 M",
                           "1m",
                           "1P",
                           "1.5G",
                           "9223372036854775808",
                           "8388608T",
                           "many"})
    CHECK_MESSAGE(!overlay::parse_size_limit(text), text);
}

TEST_SUITE_END();
