// SPDX-License-Identifier: Apache-2.0
#include "cli/extension_verbs.hpp"

#include "base/error.hpp"
#include "overlay/merge.hpp"

#include <unistd.h>

#include <algorithm>

namespace cli {

namespace {

using base::Kind;
using overlay::Class;
using overlay::Request;

constexpr std::size_t any_number = 1000;

// clang-format off
const std::vector<ExtensionVerb> verbs = {
    {"status", "", 0, 0, "Show current merge status (default)", false, false,
     extension_status},
    {"list", "", 0, 0, "List installed extensions", false, false,
     extension_list},
    {"merge", "", 0, 0, "Merge extensions into relevant hierarchies", false, true,
     extension_merge},
    {"unmerge", "", 0, 0, "Unmerge extensions from relevant hierarchies", false, true,
     extension_unmerge},
    {"refresh", "", 0, 0, "Merge what has changed, without a gap", false, true,
     extension_refresh},
    {"plan", "", 0, 0, "Show what a refresh would do, and why", true, true,
     extension_plan},
    {"why", "NAME", 1, 1, "Explain what becomes of an extension", true, true,
     extension_why},
    {"capture", "NAME", 1, 1, "Make an extension of what was written", true, true,
     extension_capture},
    {"enable", "NAME…", 1, any_number, "Have extensions merged from the next refresh on", true,
     true, extension_enable},
    {"disable", "NAME…", 1, any_number, "Leave extensions out from the next refresh on", true,
     true, extension_disable},
    {"generations", "", 0, 0, "Show the sets of extensions that were merged", true, false,
     extension_generations},
    {"diff", "[N [M]]", 0, 2, "Show what was written, or differs between generations", true, false,
     extension_diff},
    {"rollback", "[N]", 0, 1, "Bring a generation back, and hold it", true, true,
     extension_rollback},
    {"release", "", 0, 0, "Hold no generation any more", true, true,
     extension_release},
    {"try", "NAME", 1, 1, "Merge an extension for a while", true, true,
     extension_try},
    {"keep", "", 0, 0, "Keep what is on trial", true, true,
     extension_keep},
    {"take-back", "", 0, 0, "End the trial without it", true, true,
     extension_take_back},
    {"identify", "FILE…", 1, any_number, "Say which image a file comes from", true, true,
     extension_identify},
    {"search", "[WORD]", 0, 1, "Show extensions of repositories, and which version fits here", true,
     false, extension_search},
    {"install", "NAME", 1, 1, "Get an extension from a repository, follow it, and merge it", true,
     true, extension_install},
    {"remove", "NAME", 1, 1, "Unmerge what was installed, and take it away", true, true,
     extension_remove},
    {"upgrade", "[NAME…]", 0, any_number, "Bring what was installed up to date, and merge it", true,
     true, extension_upgrade},
    {"check", "", 0, 0, "Say which extensions would fit another system", true, true,
     extension_check},
};
// clang-format on

bool offers(const ExtensionOptions &options, bool only_strake)
{
  return !options.stands_in || !only_strake;
}

const ExtensionVerb &checked_verb(const ExtensionOptions &options)
{
  const std::string name = options.verb.empty() ? "status" : options.verb;
  const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const ExtensionVerb &verb) {
    return name == verb.name && offers(options, verb.only_strake);
  });
  if (found == verbs.end())
    base::fail(Kind::usage, "Unknown command verb '{}'; --help lists them", name);
  if (options.arguments.size() < found->least)
    base::fail(Kind::usage, "Too few arguments: {} {}", found->name, found->arguments);
  if (options.arguments.size() > found->most)
    base::fail(Kind::usage, "Too many arguments.");
  return *found;
}

/// True if there is nothing to do for the one class that is stood in for.
bool is_switched_off(const base::Host &host, const ExtensionOptions &options)
{
  if (!std::all_of(options.classes.begin(), options.classes.end(), [&](Class each) {
        return overlay::switched_off(host, each);
      }))
    return false;
  host.say(base::Level::notice, "The kernel command line switches extensions off, skipping.");
  return true;
}

Request request_for(const ExtensionCall &call, Class extension_class)
{
  const ExtensionOptions &options = call.options;
  return {.extension_class = extension_class,
          .configuration = overlay::read_configuration(
              call.host, extension_class, options.mutability, options.image_policy),
          .no_programs = options.no_programs,
          .fit = options.force ? overlay::Fit::forced : overlay::Fit::checked,
          .unchanged =
              options.always_refresh ? Request::Unchanged::merge_again : Request::Unchanged::skip,
          .broken = options.strict ? Request::Broken::give_up : Request::Broken::leave_out,
          .service_manager =
              options.reload ? Request::ServiceManager::tell : Request::ServiceManager::leave_alone,
          .told = options.stands_in ? Request::Told::service_manager : Request::Told::all};
}

/// All that could be merged is merged by now, and what is broken was said; but a timer that nobody
/// watches must not call it a success. Of several the gravest counts, whatever their order is.
int status_of(const ExtensionCall &call, const std::vector<overlay::Plan> &plans)
{
  bool has_broken = false;
  bool has_untrusted = false;
  for (const overlay::Plan &plan : plans)
    for (const overlay::Omission &each : plan.selection.omitted) {
      has_broken = has_broken || each.is_broken;
      has_untrusted = has_untrusted || (each.is_broken && each.verdict.rule == "untrusted");
    }
  if (!has_broken)
    return 0;
  if (call.options.stands_in)
    return 1;
  return base::exit_code(has_untrusted ? Kind::untrusted : Kind::config);
}

int set_all(const ExtensionCall &call, overlay::Enabled enabled)
{
  for (const std::string &name : call.options.arguments)
    overlay::set_enabled(call.host, name, enabled);
  return 0;
}

} // namespace

void ExtensionCall::print_json(const Value &value) const
{
  print(json_text(value, options.json));
}

Table::Header ExtensionCall::header() const
{
  return options.legend ? Table::Header::yes : Table::Header::no;
}

std::vector<Request> ExtensionCall::requests() const
{
  std::vector<Request> requests;
  for (const Class each : options.classes)
    if (!overlay::switched_off(host, each))
      requests.push_back(request_for(*this, each));
  return requests;
}

const std::vector<ExtensionVerb> &extension_verb_table()
{
  return verbs;
}

int run_extension_verb(const base::Host &host,
                       const ExtensionOptions &options,
                       const Output &output)
{
  const ExtensionVerb &verb = checked_verb(options);
  if (is_switched_off(host, options))
    return 0;
  if (verb.privileged && ::geteuid() != 0)
    base::fail(Kind::usage, "Need to be privileged; run as root.");
  return verb.run({host, options, output});
}

int extension_merge(const ExtensionCall &call)
{
  return status_of(call, overlay::merge(call.host, call.requests()));
}

int extension_unmerge(const ExtensionCall &call)
{
  overlay::unmerge(call.host, call.requests());
  return 0;
}

int extension_refresh(const ExtensionCall &call)
{
  return status_of(call, overlay::refresh(call.host, call.requests()));
}

int extension_enable(const ExtensionCall &call)
{
  return set_all(call, overlay::Enabled::yes);
}

int extension_disable(const ExtensionCall &call)
{
  return set_all(call, overlay::Enabled::no);
}

std::string extension_help_text(const ExtensionOptions &options)
{
  constexpr std::size_t column = 28;
  const auto entry = [&](std::string left, const char *right) {
    left.resize(std::max(left.size() + 1, column), ' ');
    return left + right + "\n";
  };
  const std::string called =
      options.stands_in ? std::string(overlay::facts(*options.stands_in).tool) : "strake ext";
  std::string text = called + " [OPTION…] COMMAND …\n\n";
  text += options.stands_in == Class::confext ? "Merge configuration extension images into /etc/.\n"
          : options.stands_in == Class::sysext
              ? "Merge system extension images into /usr/ and /opt/.\n"
              : "Merge extension images into /usr/, /opt/ and /etc/.\n";
  text += "\nCommands:\n";
  for (const ExtensionVerb &verb : verbs)
    if (offers(options, verb.only_strake))
      text += entry(fmt::format("  {} {}", verb.name, verb.arguments), verb.help);
  text += "\nOptions:\n";
  for (const ExtensionOptionRow &row : extension_option_table())
    if (offers(options, row.only_strake)) {
      const std::string letter = row.letter != 0 ? fmt::format("-{}", row.letter) : "  ";
      const std::string value = row.argument != nullptr ? fmt::format("={}", row.argument) : "";
      text += entry(fmt::format("  {} --{}{}", letter, row.name, value), row.help);
    }
  return text + "\nSee strake-ext(1) for details.\n";
}

} // namespace cli
