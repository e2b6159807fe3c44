// SPDX-License-Identifier: Apache-2.0
#include "base/durable.hpp"
#include "base/error.hpp"
#include "support/fault_sys.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <limits>

TEST_SUITE_BEGIN("crash/fault");

using support::Fault;
using support::FaultSys;
using support::FaultTime;
using support::TempRoot;

namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

} // namespace

TEST_CASE("whichever call of replace_file fails, and how, the old text or the new stands whole")
{
  std::size_t failures = 0;
  for (const int os_error : {EIO, ENOSPC})
    for (const FaultTime when : {FaultTime::before, FaultTime::after, FaultTime::halfway})
      for (std::size_t call = 0;; ++call) {
        const TempRoot root({{"file", "old"}});
        FaultSys sys(root.dir(), {call, os_error, when});
        try {
          base::replace_file(sys, root.dir(), "file", "new");
        } catch (const base::Error &error) {
          CHECK(error.os_error() == os_error);
          ++failures;
        }
        const std::string found = root.read("file");
        CHECK((found == "new" || (found == "old" && sys.failed())));
        FaultSys next(root.dir(), {never, 0, when});
        base::replace_file(next, root.dir(), "file", "new");
        CHECK(root.read("file") == "new");
        CHECK_FALSE(root.exists(".file.new"));
        if (!sys.failed())
          break;
      }
  CHECK(failures == 2 * 3 * 6); // create, write, sync, close, rename, sync
}

TEST_CASE("a fault comes once, where and when it was asked for")
{
  const TempRoot root({{"disk", "0000"}});
  FaultSys sys(root.dir(), {1, EIO, FaultTime::halfway});
  const base::Fd disk = sys.open_writable(root.dir(), "disk");
  const std::string text = "abcd";
  CHECK_THROWS_AS(sys.write_at(disk, 0, std::as_bytes(std::span(text))), base::Error);
  CHECK(sys.failed() == "write disk 0+4");
  CHECK(root.read("disk") == "ab00");
  sys.write_at(disk, 0, std::as_bytes(std::span(text)));
  CHECK(root.read("disk") == "abcd");
  CHECK(sys.calls() == 3);
}
