// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include "base/error.hpp"
#include "cli/command_line.hpp"

#include <algorithm>
#include <charconv>

namespace cli {

namespace {

using base::Kind;

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

handoff::When when(const std::string &value)
{
  const auto parsed = handoff::parse_when(value);
  if (!parsed)
    base::fail(Kind::usage, "--when={} is none of now, window and boot", value);
  return *parsed;
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
       options.definitions = path_value("definitions", value); }},
    {"root", 0, "PATH", "Operate on another file system root", false,
     [](Options &options, const std::string &value) {
       options.root = path_value("root", value); }},
    {"image", 0, "PATH", "Operate on a disk image as file system root", false,
     [](Options &options, const std::string &value) {
       options.image = path_value("image", value); }},
    {"image-policy", 0, "POLICY", "Say which partitions of the image may be used", false,
     [](Options &options, const std::string &value) {
       options.image_policy = verity::ImagePolicy::parse(value); }},
    {"transfer-source", 0, "PATH", "Directory that PathRelativeTo=explicit means", false,
     [](Options &options, const std::string &value) {
       options.transfer_source = path_value("transfer-source", value); }},
    {"instances-max", 'm', "INT", "How many instances to keep", false,
     [](Options &options, const std::string &value) { options.instances_max = instances(value); }},
    {"sync", 0, "BOOL", "Whether to bring data to stable storage", false,
     [](Options &options, const std::string &value) { options.sync = boolean_value("sync", value); }},
    {"verify", 0, "BOOL", "Force signature verification on or off", false,
     [](Options &options, const std::string &value) { options.verify = boolean_value("verify", value); }},
    {"reboot", 0, nullptr, "Reboot after updating to a newer version", false,
     [](Options &options, const std::string &) { options.reboot = true; }},
    {"offline", 0, nullptr, "Do not fetch metadata from the network", false,
     [](Options &options, const std::string &) { options.offline = true; }},
    {"cleanup", 0, "BOOL", "Clean up orphaned files after an update", false,
     [](Options &options, const std::string &value) {
       options.cleanup = boolean_value("cleanup", value); }},
    {"no-pager", 0, nullptr, "Accepted; no pager is ever started", false,
     [](Options &, const std::string &) {}},
    {"no-legend", 0, nullptr, "Do not show headers and footers", false,
     [](Options &options, const std::string &) { options.legend = false; }},
    {"json", 0, "FORMAT", "Generate JSON output (pretty, short, or off)", false,
     [](Options &options, const std::string &value) { options.json = json_value(value); }},
    {"automatic", 0, nullptr, "Do what automatic.conf wants timers to do", true,
     [](Options &options, const std::string &) { options.automatic = true; }},
    {"when", 0, "WHEN", "When to bring it into effect: now, window or boot", true,
     [](Options &options, const std::string &value) { options.when = when(value); }},
    {"kexec", 0, nullptr, "Go over to another kernel without firmware, if it can be", true,
     [](Options &options, const std::string &) { options.kexec = true; }},
    {"keep", 0, "PATH|REGEX", "What a reset leaves as it is", true,
     [](Options &options, const std::string &value) { options.keep.push_back(value); }},
    {"keep-machine-id", 0, nullptr, "Let a reset leave the machine ID", true,
     [](Options &options, const std::string &) { options.keep_machine_id = true; }},
    {"keep-data", 0, nullptr, "Let a reset leave what extensions have written", true,
     [](Options &options, const std::string &) { options.keep_data = true; }},
    {"with-extensions", 0, nullptr, "Let a reset take the extensions away, too", true,
     [](Options &options, const std::string &) { options.with_extensions = true; }},
    {"backup", 0, nullptr, "Let a reset put aside what it takes away", true,
     [](Options &options, const std::string &) { options.backup = true; }},
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

std::vector<OptionName> names_for(Face face)
{
  std::vector<OptionName> names;
  for (const OptionRow &row : rows)
    if (is_offered(row, face))
      names.push_back({row.name, row.letter, row.argument != nullptr});
  return names;
}

const OptionRow &row_of(const std::string &name)
{
  return *std::find_if(
      rows.begin(), rows.end(), [&](const OptionRow &row) { return row.name == name; });
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
  CommandLine line = parse_command_line(argc, argv, names_for(options.face));
  for (const auto &[name, value] : line.options) {
    options.given.push_back(name);
    if (name == "json" && value == "help")
      options.given.emplace_back("json-help");
    else
      row_of(name).apply(options, value);
  }
  if (!line.words.empty()) {
    options.verb = line.words.front();
    options.arguments.assign(line.words.begin() + 1, line.words.end());
  }
  return options;
}

} // namespace cli
