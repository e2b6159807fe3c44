// SPDX-License-Identifier: Apache-2.0
#include "bakery/yaml.hpp"
#include "base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using bakery::parse_yaml;
using bakery::Yaml;

namespace {

std::string refusal(const std::string &text)
{
  try {
    (void)parse_yaml(text, "r.yaml");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

std::string repeated(const std::string &text, std::size_t times)
{
  std::string result;
  for (std::size_t time = 0; time < times; ++time)
    result += text;
  return result;
}

} // namespace

TEST_CASE("yaml: scalars stay text, and values know where they stand")
{
  const Yaml top = parse_yaml("version: 1.10\nlist:\n  - on\n  - \"two\"\n", "r.yaml");
  REQUIRE(top.fields.size() == 2);
  CHECK(top.fields[0].second.text == "1.10");
  const Yaml &list = top.fields[1].second;
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0].text == "on");
  CHECK(bakery::place_of("r.yaml", list.items[1]) == "r.yaml:4:5");
}

TEST_CASE("yaml: an alias is a copy of what it means, at its own place")
{
  const Yaml top = parse_yaml("a: &x {b: c}\nd: *x\n", "r.yaml");
  CHECK(top.fields[1].second.fields[0].second.text == "c");
  CHECK(top.fields[1].second.line == 2);
}

TEST_CASE("yaml: what aliases multiply is counted")
{
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 9; ++level)
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" +
            repeated("*a" + std::to_string(level - 1) + ", ", 9) + "*a" +
            std::to_string(level - 1) + "]\n";
  CHECK(contains(refusal(text), "r.yaml:5:"));
  CHECK(contains(refusal(text), "more than 20000 values"));
}

TEST_CASE("yaml: depth is bounded, with and without aliases, and whatever brackets it is made of")
{
  CHECK(contains(refusal("a: " + repeated("[", 17) + repeated("]", 17)), "levels deep"));
  CHECK(contains(refusal(repeated("{a: ", 5000)), "r.yaml:"));
  CHECK(contains(refusal(repeated("[", 100'000)), "r.yaml:"));
  CHECK(contains(refusal(repeated("- ", 50'000)), "r.yaml:"));
  const std::string half = repeated("[", 10) + repeated("]", 10);
  CHECK(contains(refusal("a: &x " + half + "\nb: " + repeated("[", 8) + "*x" + repeated("]", 8)),
                 "levels deep"));
}

TEST_CASE("yaml: what is no text of one document is refused with its place")
{
  CHECK(
      contains(refusal("a: 1\nb: 2\na: 3\n"), "r.yaml:3:1: the field \"a\" is here a second time"));
  CHECK(contains(refusal("a: 1\n---\nb: 2\n"), "second document"));
  CHECK(contains(refusal("a: [1, 2\n"), "r.yaml:"));
  CHECK(contains(refusal("a: *nothing\n"), "r.yaml:1:"));
  CHECK(contains(refusal("a: &x [*x]\n"), "r.yaml:1:"));
  CHECK(contains(refusal("a: !python/object x\n"), "tag"));
  CHECK(contains(refusal("{[1]: 2}"), "the name of a field must be a text"));
  CHECK(contains(refusal(std::string("a: b\0c", 6)), "NUL at byte 4"));
  CHECK(contains(refusal(std::string(300'000, 'a')), "more than 262144 are not read"));
  CHECK(refusal("") == "accepted");
}
