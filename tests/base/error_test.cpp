// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <doctest/doctest.h>

#include <set>

TEST_SUITE_BEGIN("base/error");

TEST_CASE("an error shows what was being done, from the outside in")
{
  try {
    base::during("updating to v2", [] {
      base::during("writing root", [] { base::fail(base::Kind::no_space, "no room on {}", "A"); });
    });
    FAIL("nothing was thrown");
  } catch (const base::Error &error) {
    CHECK(std::string(error.what()) == "updating to v2: writing root: no room on A");
    CHECK(error.message() == "no room on A");
    CHECK(error.trail() == std::vector<std::string>{"updating to v2", "writing root"});
  }
}

TEST_CASE("the kind of a kernel error follows from its number, which formatting cannot disturb")
{
  errno = ENOSPC;
  try {
    base::fail_errno("cannot write {}", "x");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::no_space);
    CHECK(error.os_error() == ENOSPC);
  }
}

TEST_CASE("each kind has an exit code of its own, never 0 or 1")
{
  std::set<int> codes;
  for (int kind = 0; kind <= static_cast<int>(base::Kind::internal); ++kind)
    codes.insert(base::exit_code(static_cast<base::Kind>(kind)));
  CHECK(codes.size() == 10);
  CHECK(*codes.begin() == 2);
}
