// SPDX-License-Identifier: Apache-2.0
#include "handoff/status.hpp"

#include "base/version.hpp"
#include "handoff/extension_component.hpp"
#include "handoff/member_choices.hpp"
#include "handoff/reset.hpp"
#include "updater/component.hpp"
#include "updater/running.hpp"
#include "updater/state.hpp"
#include "updater/update.hpp"

#include <algorithm>

namespace handoff {

namespace {

using updater::Catalog;
using updater::Event;

Catalog catalog_of(const base::Host &host, const std::string &component)
{
  updater::Scope scope;
  scope.component = component;
  scope.offline = updater::Offline::yes;
  scope.no_definitions = updater::NoDefinitions::accept;
  updater::Inventory inventory = updater::take_inventory(host, scope);
  return updater::survey(host, scope, inventory);
}

SystemVersion &system_of(std::vector<SystemVersion> &systems, const std::string &version)
{
  const auto found = std::find_if(systems.begin(), systems.end(), [&](const SystemVersion &each) {
    return each.version == version;
  });
  return found == systems.end() ? systems.emplace_back(SystemVersion{version}) : *found;
}

void add_catalog(const base::Host &host, MachineStatus &status)
{
  for (const updater::UpdateSet &set : catalog_of(host, "").sets)
    if (set.installed || set.partial)
      system_of(status.systems, set.version).assessment = updater::assessment(set);
}

void add_menu(const std::vector<MenuEntry> &menu, MachineStatus &status)
{
  for (const MenuEntry &each : menu) {
    if (each.entry.version.empty())
      continue;
    SystemVersion &system = system_of(status.systems, each.entry.version);
    system.boot = each.state;
    if (each.entry.name.tries)
      system.tries_left = each.entry.name.tries->left;
    system.is_running |= each.is_running;
    system.is_next |= each.is_next;
  }
}

/// While a system runs the links are what counts for it, until they are to follow its own set.
void add_sets(const base::Host &host, const base::Dir *state, MachineStatus &status)
{
  const updater::SystemSets sets =
      state != nullptr ? updater::read_system_sets(*state) : updater::SystemSets{};
  for (SystemVersion &each : status.systems)
    if (const auto found = sets.sets.find(each.version); found != sets.sets.end())
      each.extensions = found->second;
  const bool is_followed = sets.followed.empty() || sets.followed == status.running ||
                           !sets.sets.contains(status.running);
  if (!status.running.empty() && is_followed)
    system_of(status.systems, status.running).extensions = members_in_use(host);
}

void add_components(const base::Host &host, MachineStatus &status)
{
  const auto extensions = extension_components(host);
  std::vector<std::string> warnings;
  for (const std::string &name : updater::list_components(host).names) {
    if (!updater::read_component(host, name, warnings).enabled)
      continue;
    ComponentVersions &component = status.components.emplace_back(ComponentVersions{name});
    for (const ExtensionComponent &each : extensions)
      if (each.name == name)
        component.in_use = each.version;
    for (const updater::UpdateSet &set : catalog_of(host, name).sets) { // newest first
      if (set.is_whole() && component.newest.empty())
        component.newest = set.version;
      if (set.pending && !set.partial && component.pending.empty())
        component.pending = set.version;
    }
  }
}

/// What is next can be brought into effect on the machine that runs, and nowhere else.
void add_boot(const base::Host &host, MachineStatus &status)
{
  if (!host.is_running_system) {
    add_menu(find_boot_menu(host).value_or(std::vector<MenuEntry>{}), status);
    return;
  }
  status.outlook = find_outlook(host, status.settings.kexec);
  if (!status.outlook)
    return;
  add_menu(status.outlook->menu, status);
  const BootEntry &next = status.outlook->menu.at(*status.outlook->next).entry;
  if (status.outlook->decision.transition != Transition::none)
    status.turn = take_turn(host, *status.outlook, apply_record_of(host, next));
}

void sort_newest_first(std::vector<SystemVersion> &systems)
{
  std::sort(systems.begin(), systems.end(), [](const auto &one, const auto &other) {
    return base::compare_versions(one.version, other.version) > 0;
  });
}

/// What was said last of a version that was not good; empty if nothing was.
std::string last_failure(const std::vector<Event> &history, const std::string &version)
{
  for (auto event = history.rbegin(); event != history.rend(); ++event)
    if (event->version == version && event->component.empty() && event->action == "health")
      return event->detail;
  return {};
}

void add_boot_troubles(const SystemVersion &system,
                       const std::vector<Event> &history,
                       std::vector<Trouble> &troubles)
{
  if (system.boot == BootState::given_up) {
    const std::string why = last_failure(history, system.version);
    troubles.push_back({fmt::format("The boot loader gave {} up{}.",
                                    system.version,
                                    why.empty() ? "" : ": " + why),
                        fmt::format("It is not tried again until a newer version is there; `strake "
                                    "bless` with its entry has it tried.")});
  }
  if (system.boot == BootState::damaged)
    troubles.push_back({fmt::format("{} cannot boot.", system.version),
                        "`strake boot` says why; `strake repair`, then `strake update` mend it."});
  if (system.assessment.find("partial") != std::string::npos)
    troubles.push_back({fmt::format("{} is not whole.", system.version),
                        "The next `strake update` goes on with it."});
}

/// Several inventories are taken for one answer, and what is said on the way is no part of it.
base::Host quiet(const base::Host &host)
{
  return {.sys = host.sys,
          .programs = host.programs,
          .fetcher = host.fetcher,
          .clock = host.clock,
          .log =
              [log = host.log](base::Level level, std::string_view text) {
                if (level == base::Level::warning || level == base::Level::error)
                  log(level, text);
              },
          .environment = host.environment,
          .root = host.root.again(),
          .machine = host.machine.again(),
          .is_running_system = host.is_running_system};
}

} // namespace

MachineStatus read_status(const base::Host &outside)
{
  const base::Host host = quiet(outside);
  MachineStatus status{.running = updater::running_version(host)};
  const auto state = updater::find_state(host);
  status.settings = read_automatic_settings(host);
  status.surroundings = read_surroundings(host);
  add_catalog(host, status);
  add_boot(host, status);
  if (!status.running.empty())
    system_of(status.systems, status.running).is_running = true;
  add_sets(host, state ? &*state : nullptr, status);
  add_components(host, status);
  sort_newest_first(status.systems);
  std::vector<Event> history;
  if (state) {
    status.policy = updater::read_policy(*state, "");
    status.last_run = read_last_run(*state);
    history = updater::read_history(*state);
  }
  status.is_reset_staged = is_reset_staged(host);
  status.troubles = find_troubles(status, history);
  return status;
}

std::vector<Trouble> find_troubles(const MachineStatus &status, const std::vector<Event> &history)
{
  std::vector<Trouble> troubles;
  for (const SystemVersion &each : status.systems)
    add_boot_troubles(each, history, troubles);
  const bool has_fallback =
      std::any_of(status.systems.begin(), status.systems.end(), [](const SystemVersion &each) {
        return !each.is_running &&
               (each.boot == BootState::good || each.boot == BootState::counted);
      });
  if (status.outlook && !has_fallback)
    troubles.push_back({"There is no other version to fall back on.",
                        "The next update brings one, and leaves what runs as it is."});
  if (status.is_reset_staged)
    troubles.push_back({"The next boot takes away what was written to this machine.",
                        "`strake reset cancel` keeps it."});
  if (status.last_run && !status.last_run->failure.empty())
    troubles.push_back(
        {fmt::format("The last automatic update failed: {}", status.last_run->failure),
         "The timer tries again; `strake update` does it now."});
  return troubles;
}

} // namespace handoff
