// SPDX-License-Identifier: Apache-2.0
#include "bakery/published_names.hpp"
#include "base/linux_sys.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("bakery/published_names");

using bakery::PublishedNames;

TEST_CASE("what is known of published names is kept")
{
  const support::TempRoot root;
  base::LinuxSys sys;
  const PublishedNames names = {
      {"a_1.raw",
       {.sha256 = verity::digest_of({}), .size = 5, .modified_us = -7, .unnamed_since = {}}},
      {"b_1.raw",
       {.sha256 = verity::digest_of({}),
        .size = 0,
        .modified_us = {},
        .unnamed_since = std::chrono::sys_seconds(std::chrono::seconds(9))}}};
  bakery::write_published_names(sys, root.dir(), names);
  CHECK(bakery::read_published_names(root.dir()) == names);
}

TEST_CASE("lines that mean nothing are passed over")
{
  const support::TempRoot root({{"names.jsonl",
                                 "no json\n[]\n{\"name\":1}\n"
                                 "{\"name\":\"a\",\"sha256\":\"00\",\"size\":1}\n"
                                 "{\"name\":\"a\",\"sha256\":\"" +
                                     std::string(64, '0') +
                                     "\",\"size\":-1}\n"
                                     "{\"name\":\"b\",\"sha256\":\"" +
                                     std::string(64, '0') + "\",\"size\":1}"}});
  const PublishedNames names = bakery::read_published_names(root.dir());
  REQUIRE(names.size() == 1);
  CHECK(names.contains("b"));
  CHECK(bakery::read_published_names(support::TempRoot().dir()).empty());
}
