// SPDX-License-Identifier: Apache-2.0
#include "cli/extension_options.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"

#include <algorithm>
#include <array>

namespace cli {

namespace {

using base::Kind;
using overlay::Class;

overlay::Mutability mutability_value(const std::string &value)
{
  return base::during("Failed to parse argument to --mutable=",
                      [&] { return overlay::parse_mutability(value); });
}

Class class_value(const std::string &value)
{
  for (const Class each : {Class::sysext, Class::confext})
    if (value == overlay::name(each))
      return each;
  base::fail(Kind::usage, "--class= takes sysext or confext, not \"{}\"", value);
}

std::chrono::seconds duration_value(const std::string &value)
{
  const auto duration = base::parse_duration(value);
  if (!duration || duration->count() == 0)
    base::fail(Kind::usage, "--for= takes a time such as 90s, 10m or 1h, not \"{}\"", value);
  return *duration;
}

/// Options that say how extensions are merged, and not what is done this time.
bool is_repeatable(const std::string &name)
{
  constexpr std::array names = {
      "class", "root", "mutable", "image-policy", "noexec", "force", "no-reload"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

// clang-format off
const std::vector<ExtensionOptionRow> rows = {
    {"help", 'h', nullptr, "Show this help", false,
     [](ExtensionOptions &, const std::string &) {}},
    {"version", 0, nullptr, "Show package version", false,
     [](ExtensionOptions &, const std::string &) {}},
    {"class", 0, "CLASS", "Only system (sysext) or configuration (confext) extensions", true,
     [](ExtensionOptions &options, const std::string &value) {
       options.classes = {class_value(value)}; }},
    {"root", 0, "PATH", "Operate relative to root PATH", false,
     [](ExtensionOptions &options, const std::string &value) {
       options.root = path_value("root", value);
       options.reload = false; }},
    {"mutable", 0, "MODE", "Specify a mutability mode, or list them (help)", false,
     [](ExtensionOptions &options, const std::string &value) {
       options.mutability = mutability_value(value); }},
    {"image-policy", 0, "POLICY", "Say which images may be used", false,
     [](ExtensionOptions &options, const std::string &value) { options.image_policy = value; }},
    {"noexec", 0, "BOOL", "Whether programs of extensions may not be run", false,
     [](ExtensionOptions &options, const std::string &value) {
       options.no_programs = boolean_value("noexec", value); }},
    {"force", 0, nullptr, "Ignore version incompatibilities", false,
     [](ExtensionOptions &options, const std::string &) { options.force = true; }},
    {"no-reload", 0, nullptr, "Do not reload the service manager", false,
     [](ExtensionOptions &options, const std::string &) { options.reload = false; }},
    {"always-refresh", 0, "BOOL", "Whether to refresh when no changes were found", false,
     [](ExtensionOptions &options, const std::string &value) {
       options.always_refresh = boolean_value("always-refresh", value); }},
    {"strict", 0, nullptr, "Change nothing if an extension is broken", true,
     [](ExtensionOptions &options, const std::string &) { options.strict = true; }},
    {"for", 0, "TIME", "How long an extension is tried", true,
     [](ExtensionOptions &options, const std::string &value) {
       options.duration = duration_value(value); }},
    {"when-over", 0, nullptr, "Take back only when the time of the trial is over", true,
     [](ExtensionOptions &options, const std::string &) { options.when_over = true; }},
    {"for-os-release", 0, "FILE", "The os-release that extensions are to fit", true,
     [](ExtensionOptions &options, const std::string &value) {
       options.os_release = path_value("for-os-release", value); }},
    {"from", 0, "URL", "The repository that an extension comes from", true,
     [](ExtensionOptions &options, const std::string &value) { options.from = value; }},
    {"trust", 0, "FILE", "The public key, or root.json, of that repository", true,
     [](ExtensionOptions &options, const std::string &value) {
       options.trust = path_value("trust", value); }},
    {"channel", 0, "CHANNEL", "The channel that its list has to be of", true,
     [](ExtensionOptions &options, const std::string &value) { options.channel = value; }},
    {"dry-run", 'n', nullptr, "Show what would be installed, and do nothing", true,
     [](ExtensionOptions &options, const std::string &) { options.dry_run = true; }},
    {"no-pager", 0, nullptr, "Accepted; no pager is ever started", false,
     [](ExtensionOptions &, const std::string &) {}},
    {"no-legend", 0, nullptr, "Do not show headers and footers", false,
     [](ExtensionOptions &options, const std::string &) { options.legend = false; }},
    {"json", 0, "FORMAT", "Generate JSON output (pretty, short, or off)", false,
     [](ExtensionOptions &options, const std::string &value) {
       options.json = json_value(value); }},
};
// clang-format on

/// For a process that may work in another directory.
std::string repeated(const std::string &name, const std::string &value)
{
  if (value.empty())
    return "--" + name;
  return fmt::format("--{}={}", name, name == "root" ? path_value("root", value) : value);
}

std::vector<OptionName> offered_names(const ExtensionOptions &options)
{
  std::vector<OptionName> names;
  for (const ExtensionOptionRow &row : rows)
    if (!options.stands_in || !row.only_strake)
      names.push_back({row.name, row.letter, row.argument != nullptr});
  return names;
}

/// Options whose value "help" asks what there is.
bool asks_for_values(const std::string &name, const std::string &value)
{
  return (name == "json" || name == "mutable") && value == "help";
}

} // namespace

bool ExtensionOptions::has(const std::string &name) const
{
  return std::find(given.begin(), given.end(), name) != given.end();
}

const std::vector<ExtensionOptionRow> &extension_option_table()
{
  return rows;
}

std::optional<Class> class_stood_in_for(const std::string &program)
{
  for (const Class each : {Class::sysext, Class::confext})
    if (program.substr(program.rfind('/') + 1) == overlay::facts(each).tool)
      return each;
  return std::nullopt;
}

ExtensionOptions parse_extension_options(int argc, char **argv)
{
  ExtensionOptions options;
  options.stands_in = class_stood_in_for(argc > 0 ? argv[0] : "");
  options.classes = {Class::sysext, Class::confext};
  if (options.stands_in)
    options.classes = {*options.stands_in};
  CommandLine line = parse_command_line(argc, argv, offered_names(options));
  for (const auto &[name, value] : line.options) {
    options.given.push_back(name);
    if (is_repeatable(name))
      options.repeatable.push_back(repeated(name, value));
    if (asks_for_values(name, value)) {
      options.given.push_back(name + "-help");
      continue;
    }
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const ExtensionOptionRow &each) {
      return each.name == name;
    });
    row->apply(options, value);
  }
  if (!line.words.empty()) {
    options.verb = line.words.front();
    options.arguments.assign(line.words.begin() + 1, line.words.end());
  }
  return options;
}

} // namespace cli
