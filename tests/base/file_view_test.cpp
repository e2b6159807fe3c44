// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/file_view.hpp"
#include "base/linux_sys.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE_BEGIN("base/file_view");

namespace {

std::string pattern(std::size_t length)
{
  std::string text(length, ' ');
  for (std::size_t index = 0; index < length; ++index)
    text[index] = static_cast<char>('a' + (index * 7 + index / 4096) % 26);
  return text;
}

std::string seen(const base::Fd &fd, std::uint64_t start, std::uint64_t length)
{
  const base::FileView view(fd, {start, length});
  return {reinterpret_cast<const char *>(view.bytes().data()), view.bytes().size()};
}

} // namespace

TEST_CASE("any part of a file can be looked at")
{
  const support::TempRoot root;
  const std::string text = pattern(20'000);
  root.write("file", text);
  const base::Fd file = root.dir().file("file");
  for (const std::size_t start : {0U, 1U, 4095U, 4096U, 8191U, 19'999U})
    for (const std::size_t length : {std::size_t{1}, std::size_t{4096}, text.size() - start})
      if (length <= text.size() - start)
        CHECK(seen(file, start, length) == text.substr(start, length));
}

TEST_CASE("what is not there, or may not be read, is an error and no signal")
{
  const support::TempRoot root;
  root.write("file", pattern(5000));
  const base::Fd file = root.dir().file("file");
  const auto kind_of = [](const base::Fd &fd, std::uint64_t start, std::uint64_t length) {
    try {
      (void)seen(fd, start, length);
      return std::string("none");
    } catch (const base::Error &error) {
      return std::string(base::name(error.kind()));
    }
  };
  CHECK(kind_of(file, 0, 5001) == "io");
  CHECK(kind_of(file, 5000, 1) == "io");
  CHECK(kind_of(file, 1, ~std::uint64_t{0}) == "io");
  CHECK(kind_of(file, ~std::uint64_t{0}, 1) == "io");
  CHECK(kind_of(file, 4999, 1) == "none");
}

TEST_CASE("a file in memory can be sealed while it is looked at")
{
  base::LinuxSys sys;
  const std::string text = pattern(8192);
  const base::Fd file = sys.create_in_memory("test");
  sys.write_at(file, 0, std::as_bytes(std::span(text)));
  const base::FileView view(file, {0, text.size()});
  sys.seal(file);
  CHECK(view.bytes().size() == text.size());
}
