// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.hpp"

#include "base/error.hpp"
#include "base/version.hpp"
#include "cli/symbols.hpp"
#include "updater/component.hpp"

#include <algorithm>

namespace cli {

namespace {

using base::Kind;

constexpr std::size_t any_number = 1000;

// clang-format off
const std::vector<Verb> verbs = {
    {"list", "[VERSION]", 0, 1, "Show installed and available versions", false, false,
     Several::none, list},
    {"features", "[FEATURE]", 0, 1, "Show optional features", false, false,
     Several::none, features},
    {"enable-feature", "FEATURE…", 0, any_number, "Enable optional features", false, true,
     Several::components_and_features, enable_feature},
    {"disable-feature", "FEATURE…", 0, any_number, "Disable optional features", false, true,
     Several::components_and_features, disable_feature},
    {"check-new", "", 0, 0, "Check if there is a newer version", false, false,
     Several::none, check_new},
    {"plan", "[VERSION]", 0, 1, "Show what an update would do, and why", true, false,
     Several::none, plan},
    {"update", "[VERSION]", 0, 1, "Install a newer version", false, true,
     Several::components, update},
    {"acquire", "[VERSION]", 0, 1, "Fetch a newer version, without installing it", false, true,
     Several::components, acquire},
    {"vacuum", "", 0, 0, "Make room by removing old versions", false, true,
     Several::none, vacuum},
    {"cleanup", "", 0, 0, "Remove files that no definition owns any more", false, true,
     Several::components, cleanup},
    {"rollback", "VERSION", 1, 1, "Go back to an installed version and stay there", true, true,
     Several::none, rollback},
    {"pin", "VERSION", 1, 1, "Install no other version than this", true, true,
     Several::none, pin},
    {"hold", "", 0, 0, "Install nothing until released", true, true,
     Several::none, hold},
    {"skip", "VERSION", 1, 1, "Never install this version by itself", true, true,
     Several::none, skip},
    {"release", "[VERSION]", 0, 1, "Lift a pin, a hold and skips", true, true,
     Several::none, release},
    {"history", "", 0, 0, "Show what was done to this machine", true, false,
     Several::none, history},
    {"repair", "", 0, 0, "Heal damage, and check what is installed", true, true,
     Several::none, repair},
    {"status", "", 0, 0, "Show what runs, what is next and when, and what is wrong", true, false,
     Several::none, status},
    {"boot", "", 0, 0, "Show boot entries, what they hold, and which one is next", true, false,
     Several::none, boot},
    {"bless", "[ENTRY]", 0, 1, "Say that a boot entry is good: its tries are not counted any more",
     true, true, Several::none, bless},
    {"unbless", "[ENTRY]", 0, 1, "Say that a boot entry is bad: it is not tried any more", true,
     true, Several::none, unbless},
    {"once", "[ENTRY]", 0, 1, "Take a boot entry at the next boot, and only then", true, true,
     Several::none, once},
    {"health", "", 0, 0, "Check whether the system that runs is good", true, false, Several::none,
     health},
    {"retreat", "", 0, 0, "Reboot if what runs is on trial, so that another gets its turn", true,
     true, Several::none, retreat},
    {"apply", "", 0, 0, "Bring what would be booted next into effect, by a soft-reboot if it can",
     true, true, Several::none, apply},
    {"reset", "[ACTION|PATH…]", 0, any_number,
     "Have the next boot take away what was written to this machine", true, true, Several::none,
     reset},
    {"follow", "", 0, 0, "Have the extensions be those that go with the system that runs", true,
     false, Several::none, follow},
    {"pending", "", 0, 0, "Tell if a newer version is installed than was booted", false, false,
     Several::none, pending},
    {"reboot", "", 0, 0, "Reboot if a newer version is installed than was booted", false, true,
     Several::none, reboot},
    {"components", "", 0, 0, "Show components", false, false,
     Several::none, components},
    {"enable-component", "COMPONENT…", 0, any_number, "Enable components", false, true,
     Several::components_and_suggested, enable_component},
    {"disable-component", "COMPONENT…", 0, any_number, "Disable components", false, true,
     Several::components_and_suggested, disable_component},
};
// clang-format on

bool offers(Face face, bool only_strake)
{
  return face == Face::strake || !only_strake;
}

const Verb &find_verb(const Options &options)
{
  const std::string name = options.verb.empty() ? "list" : options.verb;
  const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const Verb &verb) {
    return name == verb.name && offers(options.face, verb.only_strake);
  });
  if (found == verbs.end())
    base::fail(Kind::usage, "Unknown command verb '{}'; --help lists them", name);
  return *found;
}

void check_selection(const Options &options, const Verb &verb)
{
  const bool several = options.all_components || options.suggested_components;
  const auto refuse = [&](const char *switches) {
    base::fail(Kind::usage, "{} is not supported by '{}'.", switches, verb.name);
  };
  if (!options.definitions.empty() && (!options.component.empty() || several))
    base::fail(Kind::usage,
               "The --definitions= and --component=/--component-all/--component-suggested switches "
               "may not be combined.");
  if (!options.definitions.empty() && (!options.root.empty() || !options.image.empty()))
    base::fail(Kind::usage,
               "The --definitions= and --root=/--image= switches may not be combined.");
  if (!options.root.empty() && !options.image.empty())
    base::fail(Kind::usage,
               "Please specify either --root= or --image=, the combination of both is not "
               "supported.");
  if (options.all_components && verb.several == Several::none)
    refuse("--component-all");
  if (options.suggested_components && verb.several != Several::components_and_suggested)
    refuse("--component-suggested");
  if ((options.all_features || options.suggested_features) &&
      verb.several != Several::components_and_features)
    refuse("--feature-all/--feature-suggested");
  if (!options.component.empty() && !updater::is_valid_component_name(options.component))
    base::fail(Kind::usage, "Component name invalid: {}", options.component);
  for (const char *option : {"keep", "keep-machine-id", "keep-data", "with-extensions", "backup"})
    if (options.has(option) && std::string_view(verb.name) != "reset")
      base::fail(
          Kind::usage, "--{} is about 'reset', and means nothing for '{}'", option, verb.name);
  if (options.dry_run && !verb.changes)
    base::fail(Kind::usage, "'{}' changes nothing, so --dry-run has no meaning with it", verb.name);
}

void check_arguments(const Options &options, const Verb &verb)
{
  if (options.arguments.size() < verb.least)
    base::fail(Kind::usage, "Too few arguments: {} {}", verb.name, verb.arguments);
  if (options.arguments.size() > verb.most)
    base::fail(Kind::usage, "Too many arguments.");
  for (const std::string &argument : options.arguments)
    if (std::string_view(verb.arguments).find("VERSION") != std::string_view::npos &&
        !base::is_valid_version(argument))
      base::fail(Kind::usage,
                 "\"{}\" is not a version: it takes 1 to 255 letters, digits and .-~^+_",
                 argument);
}

} // namespace

updater::Scope Call::scope_of(const std::string &component) const
{
  updater::Scope scope;
  scope.definitions = options.definitions;
  scope.component = component;
  scope.transfer_source = options.transfer_source;
  scope.image = options.image;
  scope.verify = options.verify;
  scope.turn = options.automatic ? updater::Turn::awaited : updater::Turn::ignored;
  scope.offline = options.offline ? updater::Offline::yes : updater::Offline::no;
  return scope;
}

std::string Call::argument() const
{
  return options.arguments.empty() ? "" : options.arguments.front();
}

std::string Call::symbol(const char *utf8) const
{
  return shown(utf8, charset_of(host.environment));
}

void Call::print_json(const Value &value) const
{
  print(json_text(value, options.json));
}

Table::Header Call::header() const
{
  return options.legend ? Table::Header::yes : Table::Header::no;
}

const std::vector<Verb> &verb_table()
{
  return verbs;
}

const Verb &checked_verb(const Options &options)
{
  const Verb &verb = find_verb(options);
  check_selection(options, verb);
  check_arguments(options, verb);
  return verb;
}

int run_verb(const base::Host &host, const Options &options, const Output &output)
{
  return checked_verb(options).run({host, options, output});
}

std::string help_text(Face face)
{
  constexpr std::size_t column = 28;
  const auto entry = [&](std::string left, const char *right) {
    left.resize(std::max(left.size() + 1, column), ' ');
    return left + right + "\n";
  };
  std::string text = face == Face::strake ? "strake" : "systemd-sysupdate";
  text += " [OPTION…] COMMAND …\n\nKeep image-based systems up to date.\n\nCommands:\n";
  for (const Verb &verb : verbs)
    if (offers(face, verb.only_strake))
      text += entry(fmt::format("  {} {}", verb.name, verb.arguments), verb.help);
  text += "\nOptions:\n";
  for (const OptionRow &row : option_table())
    if (offers(face, row.only_strake)) {
      const std::string letter = row.letter != 0 ? fmt::format("-{}", row.letter) : "  ";
      const std::string value = row.argument != nullptr ? fmt::format("={}", row.argument) : "";
      text += entry(fmt::format("  {} --{}{}", letter, row.name, value), row.help);
    }
  if (face == Face::strake)
    text +=
        "\nExtensions are merged by `strake ext`, and made by `strake bake`; see their --help.\n";
  text += "\nSee strake(1) for details.\n";
  return text;
}

} // namespace cli
