// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_place.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/reset_place");

using handoff::written_below;

TEST_CASE("of overlays on a place it is decided where what was written lies")
{
  using Mounts = std::vector<overlay::MountLine>;
  const auto mount =
      [](const std::string &type, const std::string &source, const std::string &upper) {
        overlay::MountLine line;
        line.type = type;
        line.source = source;
        line.upper = upper;
        line.work = upper.empty() ? "" : "/sysroot/work";
        return line;
      };
  const auto overlay = [&](const std::string &source, const std::string &upper) {
    return mount("overlay", source, upper);
  };
  CHECK(written_below({}, "/etc") == handoff::WrittenBelow{});
  CHECK(written_below(Mounts{mount("ext4", "/dev/x", "")}, "/etc") == handoff::WrittenBelow{});
  CHECK(written_below({overlay("overlay", "/sysroot/etc")}, "/etc") ==
        handoff::WrittenBelow{1, "", "/work"});
  CHECK(written_below({overlay("overlay", "/var/up/etc")}, "/etc") ==
        handoff::WrittenBelow{1, "/var/up/etc", "/work"});
  CHECK(written_below({overlay("overlay", "/var/up"), overlay("confext", "/elsewhere")}, "/etc") ==
        handoff::WrittenBelow{2, "/var/up", "/work"});
  CHECK(written_below({overlay("confext", "")}, "/etc") == handoff::WrittenBelow{1});
}
