// SPDX-License-Identifier: Apache-2.0
#include "cli/bakery_verbs.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cli {

namespace {

using base::Kind;

// clang-format off
const std::vector<BakeryVerb> verbs = {
    {"bake", "RECIPE…", 1, "Make extension images of recipes", "strake-bake(1)", bake},
    {"lint", "FILE…", 1, "Say what is wrong with extension images", "strake-bake(1)", lint},
    {"key", "generate NAME|list FILE…|rotate DIR", 1, "Make, show and change the keys that sign repositories", "strake-publish(1)", key},
    {"publish", "[DIR…]", 0, "Publish images in a signed repository", "strake-publish(1)", publish},
    {"promote", "NAME VERSION", 2, "Offer a tested candidate to everybody", "strake-publish(1)", promote},
    {"withdraw", "NAME VERSION", 2, "Offer a version to nobody any more", "strake-publish(1)", withdraw},
    {"gc", "", 0, "Remove content that no list names any more", "strake-publish(1)", collect},
    {"mirror", "URL DIR", 2, "Make a copy of a repository, verified", "strake-publish(1)", mirror},
};

// clang-format on

const BakeryVerb &verb_of(const std::string &word)
{
  return *std::find_if(
      verbs.begin(), verbs.end(), [&](const BakeryVerb &verb) { return word == verb.name; });
}

} // namespace

const std::vector<BakeryVerb> &bakery_verb_table()
{
  return verbs;
}

bool is_bakery_verb(const std::string &word)
{
  return std::any_of(
      verbs.begin(), verbs.end(), [&](const BakeryVerb &verb) { return word == verb.name; });
}

int run_bakery_verb(const base::Host &host, const BakeryOptions &options, const Output &output)
{
  const BakeryVerb &verb = verb_of(options.verb);
  if (options.arguments.size() < verb.least)
    base::fail(Kind::usage, "Too few arguments: {} {}", verb.name, verb.arguments);
  return verb.run({host, options, output});
}

std::string bakery_help_text(const BakeryOptions &options)
{
  constexpr std::size_t column = 28;
  const auto entry = [&](std::string left, const char *right) {
    left.resize(std::max(left.size() + 1, column), ' ');
    return left + right + "\n";
  };
  const BakeryVerb &verb = verb_of(options.verb);
  std::string text = fmt::format(
      "strake {} [OPTION…] {}\n\n{}.\n\nOptions:\n", verb.name, verb.arguments, verb.help);
  for (const BakeryOptionRow &row : bakery_option_table()) {
    const std::string verbs_of_row = fmt::format(" {} ", row.verbs);
    if (*row.verbs != '\0' &&
        verbs_of_row.find(fmt::format(" {} ", verb.name)) == std::string::npos)
      continue;
    const std::string letter = row.letter != 0 ? fmt::format("-{},", row.letter) : "   ";
    const std::string value = row.argument != nullptr ? fmt::format("={}", row.argument) : "";
    text += entry(fmt::format("  {} --{}{}", letter, row.name, value), row.help);
  }
  return text + fmt::format("\nSee {} for details.\n", verb.page);
}

} // namespace cli
