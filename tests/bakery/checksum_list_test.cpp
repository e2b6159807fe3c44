// SPDX-License-Identifier: Apache-2.0
#include "bakery/checksum_list.hpp"
#include "base/program.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("bakery/checksum_list");

using bakery::checksum_list;

namespace {

verity::Sha256 digest_of(const std::string &text)
{
  return verity::digest_of(std::as_bytes(std::span(text)));
}

} // namespace

TEST_CASE("a list has a line for each file, in the byte order of their names")
{
  CHECK(checksum_list({{"b", digest_of("")}, {"a", digest_of("x")}}, std::nullopt) ==
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 *a\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 *b\n");
}

TEST_CASE("the day it is best before is an entry with the hash of nothing")
{
  const std::chrono::sys_days day = std::chrono::year{2026} / 5 / 1;
  CHECK(
      checksum_list({}, day) ==
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 *BEST-BEFORE-2026-05-01\n");
}

TEST_CASE("sha256sum agrees with it")
{
  const support::TempRoot root({{"a_1.raw", "one"}, {"b_1.raw", "two"}});
  const auto run = [&] {
    return base::ProcessRunner()
        .run({.argv = {"env", "--chdir", root.path(), "sha256sum", "--strict", "--check", "SUMS"}})
        .status;
  };
  root.write("SUMS",
             checksum_list({{"a_1.raw", digest_of("one")}, {"b_1.raw", digest_of("two")}}, {}));
  CHECK(run() == 0);
  root.write("b_1.raw", "other");
  CHECK(run() == 1);
}
