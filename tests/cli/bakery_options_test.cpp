// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "cli/bakery_options.hpp"
#include "cli/bakery_verbs.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("cli/bakery_options");

using cli::BakeryOptions;
using Strings = std::vector<std::string>;

namespace {

BakeryOptions parse(Strings words)
{
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  return cli::parse_bakery_options(static_cast<int>(words.size()), argv.data());
}

/// What is wrong with the call, "" where nothing is.
std::string refusal(const Strings &words)
{
  support::TestHost host;
  try {
    (void)cli::run_bakery_verb(host.host, parse(words), [](std::string_view) {});
  } catch (const base::Error &error) {
    return std::string(base::name(error.kind())) + ": " + error.what();
  }
  return "";
}

bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("options of bake may stand anywhere, and paths become absolute")
{
  const BakeryOptions options =
      parse({"bake", "a.yaml", "-o", "/out", "--check", "b.yaml", "--json=short"});
  CHECK(options.verb == "bake");
  CHECK(options.arguments == Strings{"a.yaml", "b.yaml"});
  CHECK(options.output == "/out");
  CHECK(options.check);
  CHECK(options.json == cli::Json::compact);
  CHECK(parse({"bake", "--output=out"}).output.front() == '/');
}

TEST_CASE("an option that a verb does not take is refused")
{
  CHECK_THROWS_AS(parse({"lint", "--output=/x", "a"}), base::Error);
  CHECK_THROWS_AS(parse({"lint", "--check", "a"}), base::Error);
  CHECK(parse({"lint", "--base=/x", "a"}).base == "/x");
}

TEST_CASE("what cannot be combined, or lacks something, is refused with what to do")
{
  CHECK(contains(refusal({"bake"}), "usage: Too few arguments: bake RECIPE"));
  CHECK(contains(refusal({"bake", "a.yaml"}), "--output= has to say"));
  CHECK(contains(refusal({"bake", "-o/x", "--key=k", "a"}), "--key= needs --certificate="));
  CHECK(contains(refusal({"bake", "-o/x", "--attach", "a"}), "--attach needs --certificate="));
  CHECK(contains(refusal({"bake", "-o/x", "--attach", "--key=k", "--certificate=c", "a"}),
                 "takes no --key="));
  CHECK(
      contains(refusal({"bake", "-o/x", "--certificate=c", "a"}), "goes with --key= or --attach"));
  CHECK(contains(refusal({"bake", "-o/x", "--check", "--dry-run", "a"}), "only one of"));
  CHECK(
      contains(refusal({"bake", "-o/x", "--watch", "--dry-run", "a"}), "--watch goes with baking"));
  CHECK(contains(refusal({"bake", "-o/x", "--key=/no/key", "--certificate=/no/c", "a"}),
                 "not_found: there is no file /no/c"));
  CHECK(contains(refusal({"lint", "/no/recipe.yaml"}), "not_found: there is no recipe"));
  CHECK(contains(refusal({"publish", "--valid-for=366d"}), "from 1d to 365d"));
}

TEST_CASE("--help of a verb shows its options and no others")
{
  CHECK(contains(cli::bakery_help_text(parse({"bake", "--help"})), "--attach"));
  CHECK_FALSE(contains(cli::bakery_help_text(parse({"lint", "--help"})), "--attach"));
  CHECK(contains(cli::bakery_help_text(parse({"lint", "--help"})), "--base=DIR"));
  CHECK(cli::is_bakery_verb("lint"));
  CHECK_FALSE(cli::is_bakery_verb("update"));
}
