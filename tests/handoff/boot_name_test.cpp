// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_name.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE_BEGIN("handoff/boot_name");

using handoff::BootName;
using handoff::BootTries;
using handoff::parse_boot_name;
using handoff::text_of;

TEST_CASE("counters are told from the name, and give the same name again")
{
  struct Case {
    std::string file;
    std::string id;
    std::optional<BootTries> tries;
  };

  for (const Case &each : {Case{"os_7.efi", "os_7.efi", {}},
                           Case{"os_7+3-0.efi", "os_7.efi", BootTries{3, 0, 1, 1}},
                           Case{"os_7+3.efi", "os_7.efi", BootTries{3, 0, 1, 0}},
                           Case{"os_7+003-012.efi", "os_7.efi", BootTries{3, 12, 3, 3}},
                           Case{"os_7+0-3.EFI", "os_7.EFI", BootTries{0, 3, 1, 1}},
                           Case{"a+1+2-3.efi", "a+1.efi", BootTries{2, 3, 1, 1}}}) {
    CAPTURE(each.file);
    const auto name = parse_boot_name(each.file, ".efi");
    REQUIRE(name);
    CHECK(name->id == each.id);
    CHECK(name->tries == each.tries);
    CHECK(text_of(*name) == each.file);
  }
}

TEST_CASE("what only looks like counters is part of the name")
{
  for (const std::string file : {"os+.efi",
                                 "os+x.efi",
                                 "os+3-.efi",
                                 "os+3-x.efi",
                                 "os+-3.efi",
                                 "os+3 .efi",
                                 "os+4294967295.efi",
                                 "+3.efi"}) {
    CAPTURE(file);
    CHECK(parse_boot_name(file, ".efi") == BootName{file, std::nullopt});
  }
}

TEST_CASE("files of other endings are no entries")
{
  for (const std::string file : {"os.conf", "efi", ".efi", "os.efi.partial", ""})
    CHECK_FALSE(parse_boot_name(file, ".efi"));
}

TEST_SUITE_END();
