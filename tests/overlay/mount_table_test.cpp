// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/mount_table.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/mount_table");

using Places = std::vector<std::string>;

TEST_CASE("a table of mounts is read, with what is escaped in it")
{
  const auto table = overlay::parse_mount_table("22 1 254:1 / / rw shared:1 - ext4 /dev/root rw\n"
                                                "23 22 0:22 / /a\\040b rw - overlay sysext "
                                                "rw,lowerdir=/l,upperdir=/u\\040p,workdir=/w\n");
  REQUIRE(table.size() == 2);
  CHECK(table[1].id == 23);
  CHECK(table[1].parent == 22);
  CHECK(table[1].target == "/a b");
  CHECK(table[1].type == "overlay");
  CHECK(table[1].source == "sysext");
  CHECK(table[1].upper == "/u p");
  CHECK(table[1].work == "/w");
  CHECK(table[0].upper.empty());
  CHECK(table[0].can_be_copied);
  CHECK(overlay::parse_mount_table("").empty());
}

TEST_CASE("a mount that cannot be copied is known by its word")
{
  const auto table =
      overlay::parse_mount_table("22 1 254:1 / / rw - ext4 /dev/root rw\n"
                                 "23 22 0:22 / /home rw unbindable - ext4 /dev/home rw\n"
                                 "24 22 0:23 / /unbindable rw shared:2 master:1 - tmpfs none rw\n");
  REQUIRE(table.size() == 3);
  CHECK(table[0].can_be_copied);
  CHECK_FALSE(table[1].can_be_copied);
  CHECK(table[2].can_be_copied);
}

TEST_CASE("overlays of one name are counted where they lie one on the other")
{
  const auto table = overlay::parse_mount_table("22 1 254:1 / / rw - ext4 /dev/root rw\n"
                                                "90 22 0:60 / /usr ro - overlay sysext ro\n"
                                                "91 90 0:61 / /usr ro - overlay sysext ro\n"
                                                "92 91 0:62 / /usr ro - overlay other ro\n");
  CHECK(overlay::stacked(table, 91, "sysext") == 2);
  CHECK(overlay::stacked(table, 90, "sysext") == 1);
  CHECK(overlay::stacked(table, 92, "sysext") == 0);
  CHECK(overlay::stacked(table, 22, "sysext") == 0);
  CHECK(overlay::stacked(table, 77, "sysext") == 0);
}

TEST_CASE("mounts that are parents of themselves are counted once each")
{
  const auto own = overlay::parse_mount_table("90 90 0:60 / /usr ro - overlay sysext ro\n");
  CHECK(overlay::stacked(own, 90, "sysext") == 1);
  const auto circle = overlay::parse_mount_table("90 91 0:60 / /usr ro - overlay sysext ro\n"
                                                 "91 90 0:61 / /usr ro - overlay sysext ro\n");
  CHECK(overlay::stacked(circle, 90, "sysext") == 2);
}

TEST_CASE("what is mounted below a mount and can be seen is listed")
{
  const auto table = overlay::parse_mount_table("22 1 254:1 / / rw - ext4 /dev/root rw\n"
                                                "30 22 0:30 / /usr/share/doc rw - tmpfs none rw\n"
                                                "31 22 0:31 / /usr/share rw - tmpfs none rw\n"
                                                "32 31 0:32 / /usr/share/man rw - tmpfs none rw\n"
                                                "33 22 0:33 / /usrlocal rw - tmpfs none rw\n");
  CHECK(overlay::submounts(table, 22, "/usr") == Places{"share"});
  CHECK(overlay::submounts(table, 22, "/") == Places{"usr/share", "usrlocal"});
  CHECK(overlay::submounts(table, 31, "/usr/share") == Places{"man"});
}

TEST_CASE("what covers a mount whole is not below it")
{
  const auto table = overlay::parse_mount_table("22 1 254:1 / / rw - ext4 /dev/root rw\n"
                                                "30 22 0:30 / / rw - tmpfs none rw\n"
                                                "31 22 0:31 / /usr rw - tmpfs none rw\n");
  CHECK(overlay::submounts(table, 22, "/") == Places{"usr"});
}
