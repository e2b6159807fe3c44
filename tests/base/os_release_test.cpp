// SPDX-License-Identifier: Apache-2.0
#include "base/os_release.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("base/os_release");

using Values = std::map<std::string, std::string>;

TEST_CASE("assignments are read with the quoting of a shell")
{
  CHECK(base::parse_assignments("# comment\n"
                                "ID=debian\n"
                                "A=\"a \\\"b\\\" \\$x \\n\"\n"
                                "B='it'\\''s $x'\r\n"
                                "C=a\\ b\n"
                                " D=\n"
                                "E=\"open\n"
                                "no assignment\n"
                                "1F=x\n"
                                "ID=last") == Values{{"ID", "last"},
                                                     {"A", "a \"b\" $x \\n"},
                                                     {"B", "it's $x"},
                                                     {"C", "a b"},
                                                     {"D", ""},
                                                     {"E", "open"}});
}

TEST_CASE("os-release is that of /etc, else that of /usr/lib, else empty")
{
  const support::TempRoot both{{"etc/os-release", "ID=etc\n"}, {"usr/lib/os-release", "ID=usr\n"}};
  CHECK(base::read_os_release(both.dir()) == Values{{"ID", "etc"}});
  const support::TempRoot link{{"etc/os-release", "-> ../usr/lib/os-release"},
                               {"usr/lib/os-release", "ID=usr\n"}};
  CHECK(base::read_os_release(link.dir()) == Values{{"ID", "usr"}});
  const support::TempRoot vendor{{"usr/lib/os-release", "ID=usr\n"}};
  CHECK(base::read_os_release(vendor.dir()) == Values{{"ID", "usr"}});
  CHECK(base::read_os_release(support::TempRoot{}.dir()).empty());
}
