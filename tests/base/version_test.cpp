// SPDX-License-Identifier: Apache-2.0
#include "base/version.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("base/version");

using base::compare_versions;
using base::is_valid_version;

namespace {

std::vector<std::string> random_versions(std::size_t count)
{
  constexpr std::string_view letters = "0019abZ~-^.._+";
  std::mt19937 random(20); // NOLINT: the same words in each run
  std::vector<std::string> words(count);
  for (std::string &word : words)
    for (std::size_t length = random() % 7; length > 0; --length)
      word += letters[random() % letters.size()];
  return words;
}

} // namespace

TEST_CASE("versions sort as the version format says")
{
  const std::vector<std::string> ascending = {
      "~",       "~~",        "",          "a",         "aa",      "ab",        "b",     "0",
      "1",       "9",         "10",        "11",        "100",     "122",       "122.1", "123~",
      "123~rc1", "123~rc1-1", "123~rc1^x", "123~rc1.2", "123~rc2", "123",       "123-",  "123-a",
      "123-a.1", "123-1",     "123-1.1",   "123-2",     "123^",    "123^post1", "123^1", "123.",
      "123.a",   "123.a-1",   "123.1-1",   "123.10",    "123a",    "123a-1",    "124",   "124-1",
  };
  for (std::size_t older = 0; older < ascending.size(); ++older)
    for (std::size_t newer = 0; newer < ascending.size(); ++newer) {
      CAPTURE(ascending[older]);
      CAPTURE(ascending[newer]);
      CHECK(compare_versions(ascending[older], ascending[newer]) == (older <=> newer));
    }
}

TEST_CASE("capitals sort before small letters, as in ASCII")
{
  CHECK(compare_versions("1B", "1a") < 0);
}

TEST_CASE("leading zeros and characters that only separate make no difference")
{
  CHECK(compare_versions("007", "7") == 0);
  CHECK(compare_versions("0", "000") == 0);
  CHECK(compare_versions("1_a", "1+a") == 0);
  CHECK(compare_versions("1_a", "1a") == 0);
  CHECK(compare_versions("1a", "1a__") == 0);
  CHECK(compare_versions("1_2", "12") < 0);
  CHECK(compare_versions("\xc3\xa4"
                         "1",
                         "1") == 0);
}

TEST_CASE("a number longer than any machine word is still compared by its value")
{
  CHECK(compare_versions("18446744073709551616", "18446744073709551615") > 0);
  CHECK(compare_versions("20260101000000000000000000001", "20260101000000000000000000000") > 0);
}

TEST_CASE("turning a comparison round turns its answer round, and each version equals itself")
{
  const std::vector<std::string> words = random_versions(400);
  for (const std::string &one : words) {
    CHECK(compare_versions(one, one) == 0);
    for (const std::string &other : words)
      if (compare_versions(one, other) != 0 <=> compare_versions(other, one))
        FAIL_CHECK(one << " and " << other);
  }
}

TEST_CASE("of three versions the order of two pairs decides that of the third")
{
  const std::vector<std::string> words = random_versions(120);
  for (const std::string &one : words)
    for (const std::string &middle : words)
      for (const std::string &last : words)
        if (compare_versions(one, middle) <= 0 && compare_versions(middle, last) <= 0 &&
            compare_versions(one, last) > 0)
          FAIL_CHECK(one << ", " << middle << ", " << last);
}

TEST_CASE("a version has 1 to 255 of the allowed characters and is no directory entry of its own")
{
  CHECK(is_valid_version("1.2-3~rc4^5+6_aZ"));
  CHECK(is_valid_version("..."));
  CHECK(is_valid_version(std::string(255, '1')));
  CHECK_FALSE(is_valid_version(std::string(256, '1')));
  for (const char *wrong : {"", ".", "..", "1/2", "1 2", "1,2", "1:2", "1%2", "1\n", "1\xc3\xa4"}) {
    CAPTURE(wrong);
    CHECK_FALSE(is_valid_version(wrong));
  }
}
