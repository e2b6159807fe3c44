// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/parse.hpp"
#include "base/version.hpp"
#include "cli/automatic.hpp"
#include "cli/completed.hpp"
#include "cli/notify.hpp"
#include "cli/verbs.hpp"
#include "handoff/machine_update.hpp"
#include "handoff/member_choices.hpp"
#include "handoff/service_manager.hpp"
#include "updater/cleanup.hpp"
#include "updater/component.hpp"
#include "updater/install_record.hpp"
#include "updater/running.hpp"
#include "updater/update.hpp"
#include "updater/vacuum.hpp"

#include <set>

namespace cli {

namespace {

using base::Kind;
using base::Level;
using updater::Goal;
using updater::Outcome;
using updater::UpdateOptions;
using updater::UpdateResult;

/// An extension that has the version of the system is brought with the next one, and would not fit
/// the one that runs.
bool comes_with_system(const Call &call,
                       const updater::ComponentList &list,
                       const std::string &component)
{
  return list.has_default && is_about_machine(call, "") &&
         handoff::is_coupled_component(call.host, component);
}

/// The components that the command line means: one, or with --component-all the host (if it has
/// definitions) and all that are enabled.
std::vector<std::string> selected(const Call &call)
{
  if (!call.options.all_components)
    return {call.options.component};
  const updater::ComponentList list = updater::list_components(call.host);
  std::vector<std::string> names;
  if (list.has_default)
    names.emplace_back();
  std::vector<std::string> warnings;
  for (const std::string &name : list.names)
    if (updater::read_component(call.host, name, warnings).enabled &&
        !comes_with_system(call, list, name))
      names.push_back(name);
  return names;
}

/// Those whose files may lie about: also what has no definitions any more, the host included.
std::vector<std::string> selected_for_cleanup(const Call &call)
{
  if (!call.options.all_components)
    return {call.options.component};
  const std::vector<std::string> with_definitions = updater::list_components(call.host).names;
  std::set<std::string> known(with_definitions.begin(), with_definitions.end());
  for (const std::string &name : updater::recorded_components(call.host))
    if (updater::is_valid_component_name(name))
      known.insert(name);
  std::vector<std::string> names = {""};
  std::vector<std::string> warnings;
  for (const std::string &name : known)
    if (updater::read_component(call.host, name, warnings).enabled)
      names.push_back(name);
  return names;
}

/// Does something for each of several components. A failure in one is no reason to leave the others
/// alone; what failed is told at the end, in one error.
template <typename Body>
void for_each_component(const std::vector<std::string> &components, Body &&body)
{
  std::vector<base::Error> failures;
  for (const std::string &component : components) {
    const std::string doing = component.empty() ? "the host" : "component " + component;
    try {
      if (components.size() == 1)
        body(component);
      else
        base::during(doing, [&] { body(component); });
    } catch (const base::Error &error) {
      failures.push_back(error);
    }
  }
  if (failures.size() == 1)
    throw base::Error(failures.front());
  std::string all;
  for (const base::Error &error : failures)
    all += (all.empty() ? "" : "\n") + std::string(error.what());
  if (!failures.empty())
    base::fail(failures.front().kind(), "{}", all);
}

UpdateOptions update_options(const Call &call, const std::string &component, Goal goal)
{
  UpdateOptions options;
  options.scope = call.scope_of(component);
  options.version = call.argument();
  options.instances_max = call.options.instances_max;
  options.goal = goal;
  return options;
}

void print_removed(const Call &call, const updater::Removed &removed)
{
  Value json;
  json["removed"] = removed.instances;
  json["disabledTransfers"] = removed.disabled_transfers;
  call.print_json(json);
}

Value named(const std::string &component)
{
  Value json;
  json["component"] = or_null(component);
  return json;
}

std::string_view word(Outcome outcome)
{
  switch (outcome) {
  case Outcome::nothing_newer:
    return "nothing-newer";
  case Outcome::already_present:
    return "already-present";
  case Outcome::acquired:
    return "acquired";
  case Outcome::installed:
    return "installed";
  }
  return "unknown";
}

/// The whole machine where that is meant, else the one component.
handoff::MachineUpdate perform(const Call &call, const UpdateOptions &options)
{
  if (options.goal == Goal::install && is_about_machine(call, options.scope.component))
    return handoff::update_machine(call.host, options);
  return {updater::update(call.host, options), {}};
}

void report(const Call &call, const std::string &component, const handoff::MachineUpdate &done)
{
  const UpdateResult &result = done.system;
  switch (result.outcome) {
  case Outcome::nothing_newer:
    call.host.log(Level::info, "No update needed.");
    break;
  case Outcome::already_present:
    call.host.say(
        Level::info, "Selected update '{}' is already installed. Skipping update.", result.version);
    break;
  case Outcome::acquired:
    call.host.say(Level::info, "✨ Successfully acquired update '{}'.", result.version);
    break;
  case Outcome::installed:
    call.host.say(Level::info, "✨ Successfully installed update '{}'.", result.version);
    break;
  }
  if (!call.wants_json())
    return;
  if (call.options.face == Face::systemd_sysupdate) {
    if (result.removed)
      print_removed(call, *result.removed);
    return;
  }
  Value json = named(component);
  json["outcome"] = word(result.outcome);
  json["version"] = or_null(result.version);
  if (result.removed) {
    json["removed"] = result.removed->instances;
    json["disabledTransfers"] = result.removed->disabled_transfers;
  }
  if (!done.members.empty())
    json["extensions"] = members_json(done.members);
  call.print_json(json);
}

bool is_newer_than_booted(const Call &call, const std::string &version)
{
  const std::string booted = updater::running_version(call.host);
  return booted.empty() || base::compare_versions(version, booted) >= 0;
}

void reboot_if_asked(const Call &call, const UpdateResult &result)
{
  if (!call.options.reboot)
    return;
  if (result.outcome == Outcome::installed && is_newer_than_booted(call, result.version))
    handoff::request(call.host, handoff::Transition::reboot);
  else
    call.host.log(Level::info,
                  "Booted version is newer or identical to newest installed version, "
                  "not rebooting.");
}

void check_update_options(const Call &call)
{
  const Options &options = call.options;
  if (options.instances_max && *options.instances_max < 2)
    base::fail(Kind::usage,
               "--instances-max= must be at least 2 when updating: one version stays in effect "
               "while the other is written");
  if (options.reboot && (!options.component.empty() || options.all_components ||
                         !options.root.empty() || !options.image.empty()))
    base::fail(
        Kind::usage,
        "The --reboot switch may not be combined with --component=, --component-all, --root= "
        "or --image=.");
  if (options.all_components && !options.arguments.empty())
    base::fail(Kind::usage, "A VERSION may not be combined with --component-all.");
}

/// Others on this machine follow an update: they load new extensions, or link boot entries.
void tell_if_completed(const Call &call, const std::string &component, const UpdateResult &result)
{
  if (!call.host.is_running_system)
    return;
  const auto forced = call.host.variable("SYSTEMD_SYSUPDATE_FORCE_NOTIFY");
  if (result.outcome == Outcome::installed || (forced && base::parse_boolean(*forced) == true))
    tell_listeners(call.host, component, result);
}

} // namespace

int bring(const Call &call, Goal goal)
{
  check_update_options(call);
  const std::vector<std::string> components = selected(call);
  if (components.empty())
    call.host.log(Level::info, "No components selected.");
  if (call.options.dry_run) {
    for_each_component(components,
                       [&](const std::string &component) { foretell(call, component); });
    return 0;
  }
  UpdateResult last;
  for_each_component(components, [&](const std::string &component) {
    notify(call.host, "READY=1\nSTATUS=Updating.");
    UpdateOptions options = update_options(call, component, goal);
    if (call.options.automatic && !may_come(call, options))
      return;
    const handoff::MachineUpdate done = perform(call, options);
    last = done.system;
    report(call, component, done);
    if (goal == Goal::install && call.options.cleanup.value_or(false))
      updater::cleanup(call.host, options.scope);
    if (goal == Goal::install)
      tell_if_completed(call, component, last);
    if (call.options.automatic)
      tell_hooks(call, component, last);
    if (!last.version.empty())
      notify(call.host,
             fmt::format(
                 "X_SYSUPDATE_VERSION={}\nSTATUS=Installed '{}'.", last.version, last.version));
  });
  mark_what_waits(call);
  reboot_if_asked(call, last);
  return 0;
}

int for_selected(const Call &call,
                 const std::function<void(const Call &, const std::string &)> &body)
{
  for_each_component(selected(call), [&](const std::string &component) { body(call, component); });
  return 0;
}

namespace {

void print_would_remove(const Call &call, Value json, const std::vector<std::string> &paths)
{
  if (call.wants_json()) {
    json["wouldRemove"] = paths;
    call.print_json(json);
    return;
  }
  for (const std::string &path : paths)
    call.print(fmt::format("would remove {}\n", path));
  if (paths.empty())
    call.print("Found nothing to remove.\n");
}

std::vector<std::string> paths_of(const updater::Vacuumed &would)
{
  std::vector<std::string> paths;
  for (const updater::Victims *victims : {&would.old, &would.disabled})
    for (const auto &[transfer, instance] : *victims)
      paths.push_back(instance.path);
  paths.insert(paths.end(), would.leftovers.begin(), would.leftovers.end());
  return paths;
}

} // namespace

int update(const Call &call)
{
  return call.options.automatic ? update_by_policy(call) : bring(call, Goal::install);
}

int acquire(const Call &call)
{
  return bring(call, Goal::acquire);
}

int vacuum(const Call &call)
{
  const auto &most = call.options.instances_max;
  updater::Scope scope = call.scope();
  // The only feature may have been switched off, and its instances are to go.
  scope.no_definitions = updater::NoDefinitions::accept_disabled;
  if (call.options.dry_run) {
    print_would_remove(call, {}, paths_of(updater::foresee_vacuum(call.host, scope, most)));
    return 0;
  }
  const updater::Vacuumed done = updater::vacuum(call.host, scope, most);
  if (call.wants_json())
    print_removed(call, done.removed);
  return 0;
}

int cleanup(const Call &call)
{
  if (call.options.cleanup && !*call.options.cleanup)
    base::fail(Kind::usage, "'cleanup' and --cleanup=no are contradictory.");
  for_each_component(selected_for_cleanup(call), [&](const std::string &component) {
    updater::Scope scope = call.scope_of(component);
    scope.no_definitions = updater::NoDefinitions::accept; // all of them may have been removed
    if (call.options.dry_run) {
      print_would_remove(call, named(component), updater::foresee_cleanup(call.host, scope));
      return;
    }
    const std::size_t removed = updater::cleanup(call.host, scope);
    if (!call.wants_json() || call.options.face == Face::systemd_sysupdate)
      return;
    Value json = named(component);
    json["removed"] = removed;
    call.print_json(json);
  });
  return 0;
}

} // namespace cli
