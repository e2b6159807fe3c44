// SPDX-License-Identifier: Apache-2.0
#include "cli/bakery_options.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"
#include "base/printable.hpp"

#include <algorithm>

namespace cli {

namespace {

using base::Kind;

std::string url_value(const std::string &value)
{
  std::string url = value;
  while (url.ends_with('/'))
    url.pop_back();
  const bool has_scheme =
      url.starts_with("https://") || url.starts_with("http://") || url.starts_with("file://");
  if (!has_scheme || url.find_first_of(" \t\r\n\"'<>") != std::string::npos)
    base::fail(Kind::usage,
               "--url= takes a URL such as https://example.org/extensions, not \"{}\"",
               base::printable(value));
  return url;
}

bakery::Channel channel_value(const std::string &value)
{
  for (const bakery::Channel each : {bakery::Channel::stable, bakery::Channel::candidate})
    if (value == bakery::name(each))
      return each;
  base::fail(Kind::usage, "--channel= takes stable or candidate, not \"{}\"", value);
}

std::chrono::seconds age_value(const std::string &value)
{
  const auto time = base::parse_duration(value);
  if (!time)
    base::fail(Kind::usage, "--older-than= takes a time such as 30d, not \"{}\"", value);
  return *time;
}

std::chrono::seconds validity_value(const std::string &value)
{
  // SHA256SUMS knows whole days only, and counts the last one from its start.
  constexpr std::chrono::seconds least = std::chrono::hours(24);
  const auto time = base::parse_duration(value);
  if (!time || *time < least)
    base::fail(
        Kind::usage, "--valid-for= takes a time from 1d to 365d, such as 30d, not \"{}\"", value);
  return *time;
}

std::uint64_t threshold_value(const char *option, const std::string &value)
{
  const auto number = base::parse_number(value);
  if (!number || *number == 0)
    base::fail(Kind::usage, "--{}= takes a number of keys, not \"{}\"", option, value);
  return *number;
}

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
    {"watch", 0, nullptr, "bake", "Go on, and bake again what has changed",
     [](BakeryOptions &options, const std::string &) { options.watch = true; }},
    {"repository", 0, "DIR", "publish promote withdraw gc", "The repository",
     [](BakeryOptions &options, const std::string &value) {
       options.repository = path_value("repository", value); }},
    {"sign-with", 0, "FILE", "key publish promote withdraw", "A secret key that signs (minisign)",
     [](BakeryOptions &options, const std::string &value) {
       options.sign_with.push_back(path_value("sign-with", value)); }},
    {"keys", 0, "DIR", "publish", "Versions of root.json, which say whose key counts",
     [](BakeryOptions &options, const std::string &value) {
       options.keys = path_value("keys", value); }},
    {"gpg-key", 0, "ID", "publish promote withdraw", "Sign by gpg as well, for systemd's tools",
     [](BakeryOptions &options, const std::string &value) { options.gpg_key = value; }},
    {"url", 0, "URL", "publish mirror", "By which clients reach the repository",
     [](BakeryOptions &options, const std::string &value) { options.url = url_value(value); }},
    {"name", 0, "NAME", "key publish", "What a new repository is called",
     [](BakeryOptions &options, const std::string &value) { options.repository_name = value; }},
    {"channel", 0, "CHANNEL", "publish", "Who is to see it: stable or candidate",
     [](BakeryOptions &options, const std::string &value) {
       options.channel = channel_value(value); }},
    {"valid-for", 0, "TIME", "key publish promote withdraw", "When clients call it stale (30d; of keys 365d)",
     [](BakeryOptions &options, const std::string &value) {
       options.valid_for = validity_value(value); }},
    {"no-lint", 0, nullptr, "publish", "Publish what lint refuses or cannot read",
     [](BakeryOptions &options, const std::string &) { options.lint = false; }},
    {"older-than", 0, "TIME", "gc", "For how long no list has named it (30d)",
     [](BakeryOptions &options, const std::string &value) {
       options.older_than = age_value(value); }},
    {"trust", 0, "FILE", "mirror", "The public key that signs the repository",
     [](BakeryOptions &options, const std::string &value) {
       options.trust = path_value("trust", value); }},
    {"reason", 0, "TEXT", "withdraw", "Why, for those who have it",
     [](BakeryOptions &options, const std::string &value) { options.reason = value; }},
    {"root-key", 0, "FILE", "key", "A public key that may change the keys from now on",
     [](BakeryOptions &options, const std::string &value) {
       options.root_keys.push_back(path_value("root-key", value)); }},
    {"release-key", 0, "FILE", "key", "A public key that may sign lists from now on",
     [](BakeryOptions &options, const std::string &value) {
       options.release_keys.push_back(path_value("release-key", value)); }},
    {"retire", 0, "FILE", "key", "A public key that may do nothing any more",
     [](BakeryOptions &options, const std::string &value) {
       options.retired.push_back(path_value("retire", value)); }},
    {"threshold", 0, "NUMBER", "key", "How many root keys have to sign a change of keys",
     [](BakeryOptions &options, const std::string &value) {
       options.threshold = threshold_value("threshold", value); }},
    {"release-threshold", 0, "NUMBER", "key", "How many release keys have to sign each list",
     [](BakeryOptions &options, const std::string &value) {
       options.release_threshold = threshold_value("release-threshold", value); }},
    {"dry-run", 'n', nullptr, "bake key publish promote withdraw gc mirror", "Show what would be done, and do nothing",
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
