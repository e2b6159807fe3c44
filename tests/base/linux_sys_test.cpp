// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

#include <array>
#include <span>
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

namespace {

std::string text_of(const base::Fd &file)
{
  std::string text(base::size_of(file), '\0');
  CHECK(base::read_at(file, 0, std::as_writable_bytes(std::span(text))) == text.size());
  return text;
}

} // namespace

TEST_CASE("a range of a file is copied whole, and one beyond its end is refused")
{
  base::LinuxSys sys;
  const support::TempRoot root({{"from", "0123456789"}});
  const base::Fd from = root.dir().file("from");
  const base::Fd to = sys.create(root.dir(), "to", 0600);
  sys.copy(from, {3, 4}, to, 2);
  CHECK(text_of(to) == std::string("\0\0"
                                   "3456",
                                   6));
  CHECK_THROWS_AS(sys.copy(from, {8, 4}, to, 0), base::Error);
}

TEST_CASE("what the kernel does not copy by itself is copied all the same")
{
  base::LinuxSys sys;
  const base::Dir devices = base::Dir::open_root("/dev");
  const support::TempRoot root;
  const base::Fd to = sys.create(root.dir(), "to", 0600);
  sys.copy(devices.file("zero"), {0, 5}, to, 0);
  CHECK(text_of(to) == std::string(5, '\0'));
}

TEST_CASE("a sealed file in memory cannot be changed any more")
{
  base::LinuxSys sys;
  const base::Fd file = sys.create_in_memory("test");
  sys.write_at(file, 0, std::as_bytes(std::span("abc", 3)));
  sys.seal(file);
  CHECK_THROWS_AS(sys.write_at(file, 0, std::as_bytes(std::span("x", 1))), base::Error);
  CHECK_THROWS_AS(sys.resize(file, 1), base::Error);
  CHECK(text_of(file) == "abc");
}

TEST_CASE("a file without a name leaves nothing in its directory")
{
  base::LinuxSys sys;
  const support::TempRoot root;
  const base::Fd file = sys.create_unnamed(root.dir());
  sys.write_at(file, 0, std::as_bytes(std::span("abc", 3)));
  CHECK(text_of(file) == "abc");
  CHECK(root.dir().entries().empty());
}
