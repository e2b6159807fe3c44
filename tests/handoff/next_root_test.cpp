// SPDX-License-Identifier: Apache-2.0
#include "handoff/next_root.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>
#include <sys/sysmacros.h>

namespace handoff {

TEST_SUITE_BEGIN("handoff/next_root");

TEST_CASE("what lies on a partition is known by the names of the device-mapper")
{
  const support::TempRoot root({{"sys/block/vda4/holders/dm-1", "-> /sys/block/dm-1"},
                                {"sys/block/vda4/holders/loop0", "-> /sys/block/loop0"},
                                {"sys/block/dm-1/dm/name", "root\n"},
                                {"sys/block/loop0/size", "8\n"},
                                {"sys/dev/block/254:4", "-> /sys/block/vda4"}});
  CHECK(devices_over(root.dir(), makedev(254, 4)) == std::vector<std::string>{"root"});
  CHECK(devices_over(root.dir(), makedev(254, 5)).empty());
}

TEST_SUITE_END();

} // namespace handoff
