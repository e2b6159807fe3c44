// SPDX-License-Identifier: Apache-2.0
#include "cli/bakery_options.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cli {

namespace {

using base::Kind;

// clang-format off
const std::vector<BakeryOptionRow> rows = {
    {"help", 'h', nullptr, "", "Show this help",
     [](BakeryOptions &, const std::string &) {}},
    {"output", 'o', "DIR", "bake", "Where the images go",
     [](BakeryOptions &options, const std::string &value) {
       options.output = path_value("output", value); }},
    {"sources", 0, "DIR", "bake", "Where sources are kept by their hash",
     [](BakeryOptions &options, const std::string &value) {
       options.sources = path_value("sources", value); }},
    {"key", 0, "FILE", "bake", "Sign disk images with this key (PEM)",
     [](BakeryOptions &options, const std::string &value) {
       options.key = path_value("key", value); }},
    {"certificate", 0, "FILE", "bake", "The certificate of the key (PEM)",
     [](BakeryOptions &options, const std::string &value) {
       options.certificate = path_value("certificate", value); }},
    {"base", 0, "DIR", "bake lint", "Compare with the system in this directory",
     [](BakeryOptions &options, const std::string &value) {
       options.base = path_value("base", value); }},
    {"attach", 0, nullptr, "bake", "Put signatures that were made elsewhere into the images",
     [](BakeryOptions &options, const std::string &) { options.attach = true; }},
    {"check", 0, nullptr, "bake", "Build each image twice, and compare",
     [](BakeryOptions &options, const std::string &) { options.check = true; }},
    {"dry-run", 'n', nullptr, "bake", "Show what would be done, and do nothing",
     [](BakeryOptions &options, const std::string &) { options.dry_run = true; }},
    {"no-legend", 0, nullptr, "", "Do not show headers",
     [](BakeryOptions &options, const std::string &) { options.legend = false; }},
    {"json", 0, "FORMAT", "", "Generate JSON output (pretty, short, or off)",
     [](BakeryOptions &options, const std::string &value) { options.json = json_value(value); }},
};
// clang-format on

const BakeryOptionRow &row_of(const std::string &name)
{
  return *std::find_if(
      rows.begin(), rows.end(), [&](const BakeryOptionRow &row) { return row.name == name; });
}

void check_verb_takes(const BakeryOptionRow &row, const std::string &verb)
{
  const std::string verbs = row.verbs;
  if (!verbs.empty() && (" " + verbs + " ").find(" " + verb + " ") == std::string::npos)
    base::fail(Kind::usage, "'{}' takes no --{}; see --help", verb, row.name);
}

} // namespace

bool BakeryOptions::has(const std::string &name) const
{
  return std::find(given.begin(), given.end(), name) != given.end();
}

const std::vector<BakeryOptionRow> &bakery_option_table()
{
  return rows;
}

BakeryOptions parse_bakery_options(int argc, char **argv)
{
  std::vector<OptionName> names;
  for (const BakeryOptionRow &row : rows)
    names.push_back({row.name, row.letter, row.argument != nullptr});
  BakeryOptions options;
  options.verb = argv[0];
  CommandLine line = parse_command_line(argc, argv, names);
  for (const auto &[name, value] : line.options) {
    const BakeryOptionRow &row = row_of(name);
    check_verb_takes(row, options.verb);
    options.given.push_back(name);
    row.apply(options, value);
  }
  options.arguments = std::move(line.words);
  return options;
}

} // namespace cli
