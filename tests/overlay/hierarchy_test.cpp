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

} // namespace

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
