// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

TEST_SUITE_BEGIN("base/linux_sys");

TEST_CASE("a write that fails says to which file")
{
  base::LinuxSys sys;
  const base::Dir devices = base::Dir::open_root("/dev");
  const base::Fd full = sys.open_writable(devices, "full");
  const std::array<std::byte, 3> data{};
  std::string said;
  base::Kind kind = base::Kind::internal;
  try {
    sys.write_at(full, 7, data);
  } catch (const base::Error &error) {
    said = error.what();
    kind = error.kind();
  }
  CHECK(kind == base::Kind::no_space);
  CHECK(said == "cannot write 3 bytes at offset 7 of /dev/full: No space left on device");
}

TEST_CASE("an open file is called what the kernel calls it")
{
  const support::TempRoot root;
  root.write("etc/file", "x");
  CHECK(base::path_of(root.dir().file("etc/file")) == root.path() + "/etc/file");
  CHECK(base::path_of(base::Fd()) == "a file");
}
