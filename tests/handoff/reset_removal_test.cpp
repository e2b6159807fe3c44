// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_machine.hpp"
#include "handoff/reset_removal.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

TEST_SUITE_BEGIN("handoff/reset_removal");

using reset_machine::fill;
using reset_machine::reset;
using support::TestHost;

TEST_CASE("directories in directories without end do not keep the rest from going")
{
  TestHost test;
  fill(test.root);
  base::Dir dir = test.root.dir().dir("home/bob");
  for (int level = 0; level < 1500; ++level) {
    test.sys.make_dir(dir, "d", 0755);
    dir = dir.dir("d");
  }
  SUBCASE("removed")
  {
    reset(test);
  }
  SUBCASE("put aside")
  {
    reset(test, {.backup = true});
    CHECK(test.root.exists("home/.strake-backup/bob/d/d"));
    handoff::forget_backup(test.host);
  }
  CHECK(test.root.dir().dir("home").entries().empty());
}

TEST_CASE("what is immutable or append-only goes as well")
{
  if (::geteuid() != 0)
    return;
  TestHost test;
  fill(test.root);
  const auto make_immutable = [&](const char *path) {
    test.sys.set_immutable(test.root.dir().file(path), true);
  };
  make_immutable("etc/hostname");
  make_immutable("var/lib/app/data");
  make_immutable("var/lib/app");
  if (!test.root.exists("etc/hostname"))
    return;
  SUBCASE("removed")
  {
    reset(test);
  }
  SUBCASE("put aside")
  {
    reset(test, {.backup = true});
  }
  CHECK_FALSE(test.root.exists("etc/hostname"));
  CHECK_FALSE(test.root.exists("var/lib/app"));
}
