// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace cli {

namespace {

using base::Kind;

bool boolean(const char *option, const std::string &value)
{
  const auto parsed = base::parse_boolean(value);
  if (!parsed)
    base::fail(Kind::usage,
               "Failed to parse boolean argument to '--{}=': {}; say yes or no",
               option,
               value);
  return *parsed;
}

std::uint64_t instances(const std::string &value)
{
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 1)
    base::fail(Kind::usage,
               "Failed to parse --instances-max= parameter: {}; it takes a number of at least 1",
               value);
  return number;
}

Json json_format(const std::string &value)
{
  if (value == "pretty")
    return Json::pretty;
  if (value == "short")
    return Json::compact;
  if (value == "off")
    return Json::off;
  base::fail(
      Kind::usage, "Unknown argument to --json= switch: {}; it takes pretty, short or off", value);
}

std::string absolute_path(const char *option, const std::string &value)
{
  if (value.empty() || value.front() == '/')
    return value;
  std::array<char, 4096> here{};
  if (::getcwd(here.data(), here.size()) == nullptr)
    base::fail_errno("cannot find the current directory, which --{}= is relative to", option);
  return std::string(here.data()) + "/" + value;
}

// clang-format off
const std::vector<OptionRow> rows = {
    {"help", 'h', nullptr, "Show this help", false, [](Options &, const std::string &) {}},
    {"version", 0, nullptr, "Show package version", false, [](Options &, const std::string &) {}},
    {"component", 'C', "NAME", "Select component to update", false,
     [](Options &options, const std::string &value) { options.component = value; }},
    {"component-all", 'A', nullptr, "Select all components", false,
     [](Options &options, const std::string &) { options.all_components = true; }},
    {"component-suggested", 'S', nullptr, "Select all suggested components", false,
     [](Options &options, const std::string &) { options.suggested_components = true; }},
    {"feature-all", 'a', nullptr, "Select all features", false,
     [](Options &options, const std::string &) { options.all_features = true; }},
    {"feature-suggested", 's', nullptr, "Select all suggested features", false,
     [](Options &options, const std::string &) { options.suggested_features = true; }},
    {"definitions", 0, "DIR", "Find transfer definitions in this directory", false,
     [](Options &options, const std::string &value) {
       options.definitions = absolute_path("definitions", value); }},
    {"root", 0, "PATH", "Operate on another file system root", false,
     [](Options &options, const std::string &value) {
       options.root = absolute_path("root", value); }},
    {"image", 0, "PATH", "Operate on a disk image as file system root", false,
     [](Options &options, const std::string &value) {
       options.image = absolute_path("image", value); }},
    {"image-policy", 0, "POLICY", "Say which partitions of the image may be used", false,
     [](Options &options, const std::string &value) {
       options.image_policy = verity::ImagePolicy::parse(value); }},
    {"transfer-source", 0, "PATH", "Directory that PathRelativeTo=explicit means", false,
     [](Options &options, const std::string &value) {
       options.transfer_source = absolute_path("transfer-source", value); }},
    {"instances-max", 'm', "INT", "How many instances to keep", false,
     [](Options &options, const std::string &value) { options.instances_max = instances(value); }},
    {"sync", 0, "BOOL", "Whether to bring data to stable storage", false,
     [](Options &options, const std::string &value) { options.sync = boolean("sync", value); }},
    {"verify", 0, "BOOL", "Force signature verification on or off", false,
     [](Options &options, const std::string &value) { options.verify = boolean("verify", value); }},
    {"reboot", 0, nullptr, "Reboot after updating to a newer version", false,
     [](Options &options, const std::string &) { options.reboot = true; }},
    {"offline", 0, nullptr, "Do not fetch metadata from the network", false,
     [](Options &options, const std::string &) { options.offline = true; }},
    {"cleanup", 0, "BOOL", "Clean up orphaned files after an update", false,
     [](Options &options, const std::string &value) {
       options.cleanup = boolean("cleanup", value); }},
    {"no-pager", 0, nullptr, "Accepted; no pager is ever started", false,
     [](Options &, const std::string &) {}},
    {"no-legend", 0, nullptr, "Do not show headers and footers", false,
     [](Options &options, const std::string &) { options.legend = false; }},
    {"json", 0, "FORMAT", "Generate JSON output (pretty, short, or off)", false,
     [](Options &options, const std::string &value) { options.json = json_format(value); }},
    {"dry-run", 'n', nullptr, "Show what would be done, and do nothing", true,
     [](Options &options, const std::string &) { options.dry_run = true; }},
};
// clang-format on

Face face_of(const std::string &program)
{
  const std::size_t slash = program.rfind('/');
  const std::string name = slash == std::string::npos ? program : program.substr(slash + 1);
  return name == "systemd-sysupdate" ? Face::systemd_sysupdate : Face::strake;
}

bool is_offered(const OptionRow &row, Face face)
{
  return face == Face::strake || !row.only_strake;
}

constexpr int first_long_value = 1000; // beyond every letter

std::vector<option> long_options(Face face)
{
  std::vector<option> options;
  for (std::size_t index = 0; index < rows.size(); ++index)
    if (is_offered(rows[index], face))
      options.push_back({rows[index].name,
                         rows[index].argument != nullptr ? required_argument : no_argument,
                         nullptr,
                         first_long_value + static_cast<int>(index)});
  options.push_back({nullptr, 0, nullptr, 0});
  return options;
}

std::string short_options(Face face)
{
  std::string letters = ":"; // a missing argument is told apart from an unknown option
  for (const OptionRow &row : rows)
    if (row.letter != 0 && is_offered(row, face)) {
      letters += row.letter;
      if (row.argument != nullptr)
        letters += ':';
    }
  return letters;
}

const OptionRow &row_of(int code)
{
  if (code >= first_long_value)
    return rows[static_cast<std::size_t>(code - first_long_value)];
  return *std::find_if(
      rows.begin(), rows.end(), [&](const OptionRow &row) { return row.letter == code; });
}

/// The long options that a shortened one could mean.
std::string candidates(std::string_view stem, Face face)
{
  std::string names;
  for (const OptionRow &row : rows)
    if (std::string_view(row.name).starts_with(stem) && is_offered(row, face))
      names += fmt::format("{}--{}", names.empty() ? "" : " or ", row.name);
  return names;
}

/// Says what is wrong with the word that getopt_long() stopped at: it leaves the option in optopt
/// if it is a letter or known, else 0.
[[noreturn]] void fail_option(int code, Face face, char **argv)
{
  const std::string option = optopt >= first_long_value
                                 ? fmt::format("--{}", row_of(optopt).name)
                                 : fmt::format("-{}", static_cast<char>(optopt));
  if (code == ':')
    base::fail(Kind::usage, "option '{}' requires an argument; see --help", option);
  if (optopt >= first_long_value)
    base::fail(Kind::usage, "option '{}' takes no argument; see --help", option);
  if (optopt != 0)
    base::fail(Kind::usage, "there is no option '{}'; see --help", option);
  const std::string word = argv[optind - 1];
  const std::string name = word.substr(0, word.find('='));
  const std::string could_be = candidates(std::string_view(name).substr(2), face);
  if (could_be.empty())
    base::fail(Kind::usage, "there is no option '{}'; see --help", name);
  base::fail(Kind::usage, "option '{}' could be {}; see --help", name, could_be);
}

} // namespace

bool Options::has(const std::string &name) const
{
  return std::find(given.begin(), given.end(), name) != given.end();
}

const std::vector<OptionRow> &option_table()
{
  return rows;
}

Options parse_options(int argc, char **argv)
{
  Options options;
  options.face = face_of(argc > 0 ? argv[0] : "");
  const std::vector<option> names = long_options(options.face);
  const std::string letters = short_options(options.face);
  optind = 0;
  opterr = 0;
  for (;;) {
    const int code = ::getopt_long(argc, argv, letters.c_str(), names.data(), nullptr);
    if (code == -1)
      break;
    if (code == '?' || code == ':')
      fail_option(code, options.face, argv);
    const OptionRow &row = row_of(code);
    options.given.emplace_back(row.name);
    if (std::string(row.name) == "json" && std::string(optarg) == "help") {
      options.given.emplace_back("json-help");
      continue;
    }
    row.apply(options, optarg != nullptr ? optarg : "");
  }
  for (int index = optind; index < argc; ++index)
    (index == optind ? options.verb : options.arguments.emplace_back()) = argv[index];
  return options;
}

} // namespace cli
