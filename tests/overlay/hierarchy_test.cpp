// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/hierarchy.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE_BEGIN("overlay/hierarchy");

namespace {

std::optional<std::string> work_dir_of(const std::string &text)
{
  const support::TempRoot root;
  root.write("usr/.systemd-sysext/work_dir", text);
  const overlay::Hierarchy hierarchy{
      .path = "/usr", .place = root.path() + "/usr", .top = root.dir().dir("usr")};
  return overlay::read_merged(hierarchy, overlay::Class::sysext).work_dir;
}

std::optional<overlay::UpperDir> upper_of(const std::string &text)
{
  const support::TempRoot root;
  root.write("usr/.systemd-sysext/strake-upper", text);
  const overlay::Hierarchy hierarchy{
      .path = "/usr", .place = root.path() + "/usr", .top = root.dir().dir("usr")};
  return overlay::read_merged(hierarchy, overlay::Class::sysext).upper;
}

} // namespace

TEST_CASE("the mutable directory of a merged hierarchy is one beneath the root, known by its inode")
{
  const auto upper = upper_of("var/lib/a b\\x0ac\n8:1 1234\n");
  REQUIRE(upper);
  CHECK(upper->path == "var/lib/a b\nc");
  CHECK(upper->inode == "8:1 1234");
  CHECK_FALSE(upper_of(""));
  CHECK_FALSE(upper_of("var/lib/upper\n"));
  CHECK_THROWS_AS((void)upper_of("../upper\n8:1 1234\n"), base::Error);
}

TEST_CASE("the work directory of a merged hierarchy is one beneath the root")
{
  CHECK(work_dir_of("var/lib/work\n") == "var/lib/work");
  CHECK(work_dir_of("a b\\x2f..c") == "a b/..c");
  for (const std::string &text : {std::string(),
                                  std::string("/var/work"),
                                  std::string("../work"),
                                  std::string("var/../../work"),
                                  std::string("var/./work"),
                                  std::string("var//work"),
                                  std::string("var/work/"),
                                  std::string("var\0/work", 9),
                                  std::string("\0/work", 6)}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)work_dir_of(text), base::Error);
  }
}
