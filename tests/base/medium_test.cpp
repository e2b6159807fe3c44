// SPDX-License-Identifier: Apache-2.0
#include "base/linux_sys.hpp"
#include "base/medium.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE_BEGIN("base/medium");

namespace {

std::string pattern(std::size_t length)
{
  std::string text(length, ' ');
  for (std::size_t index = 0; index < length; ++index)
    text[index] = static_cast<char>('a' + (index * 7 + index / 4096) % 26);
  return text;
}

std::string read_all(const base::Fd &fd, std::uint64_t start, std::uint64_t most)
{
  base::MediumReader reader(fd, start);
  std::string all;
  for (base::Bytes data = reader.next(most); !data.empty(); data = reader.next(most)) {
    CHECK(data.size() <= most);
    all.append(reinterpret_cast<const char *>(data.data()), data.size());
  }
  return all;
}

void check_everywhere(const base::Fd &fd, const std::string &content)
{
  for (const std::size_t start : {0U, 1U, 512U, 4095U, 4096U, 10'000U, 20'000U}) {
    for (const std::uint64_t most : {std::uint64_t{700}, std::uint64_t{1} << 40U}) {
      CAPTURE(start);
      CAPTURE(most);
      const std::string expected = start < content.size() ? content.substr(start) : "";
      CHECK(read_all(fd, start, most) == expected);
    }
  }
}

} // namespace

TEST_CASE("what was written comes back from any offset on, in pieces of any length")
{
  const support::TempRoot root;
  root.write("file", pattern(12'345));
  check_everywhere(root.dir().file("file"), pattern(12'345));
}

TEST_CASE("a file larger than one piece comes whole")
{
  const support::TempRoot root;
  const std::string content = pattern((std::size_t{9} << 20U) + 5);
  root.write("file", content);
  const bool is_same = read_all(root.dir().file("file"), 3, ~std::uint64_t{0}) == content.substr(3);
  CHECK(is_same);
}

TEST_CASE("where the page cache cannot be passed by, the bytes come through it")
{
  const support::TempRoot root(support::Storage::memory);
  root.write("file", pattern(12'345));
  check_everywhere(root.dir().file("file"), pattern(12'345));
}
