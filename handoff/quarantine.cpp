// SPDX-License-Identifier: Apache-2.0
#include "handoff/quarantine.hpp"

#include "base/error.hpp"
#include "base/version.hpp"
#include "handoff/extension_component.hpp"
#include "handoff/member_choices.hpp"
#include "overlay/identify.hpp"
#include "overlay/merge.hpp"
#include "updater/history.hpp"
#include "updater/policy.hpp"
#include "updater/running.hpp"
#include "updater/state.hpp"
#include "updater/update.hpp"

#include <algorithm>

namespace handoff {

namespace {

using updater::SystemSet;
using updater::SystemSets;

/// The file that a check is of: the program itself, or the file of the unit.
std::string file_of(const base::Host &host, const std::string &check)
{
  if (check.starts_with('/'))
    return check;
  const base::Finished done = host.programs.run({.argv = {"systemctl",
                                                          "--no-ask-password",
                                                          "show",
                                                          "--property=FragmentPath",
                                                          "--value",
                                                          "--",
                                                          check}});
  return done.output.substr(0, done.output.find('\n'));
}

/// Name of the extension that a file comes from; empty if it comes from none.
std::string extension_of(const base::Host &host, const std::string &file)
{
  if (file.empty())
    return {};
  try {
    const auto found = overlay::identify_path(host, overlay::usual_requests(host), file);
    return found.extension ? found.extension->candidate.image.name : "";
  } catch (const base::Error &error) {
    if (error.kind() != base::Kind::usage && error.kind() != base::Kind::not_found)
      throw;
    return {}; // in no merged hierarchy
  }
}

std::string component_of(const std::vector<ExtensionComponent> &components,
                         const std::string &extension)
{
  for (const ExtensionComponent &each : components)
    if (!extension.empty() && extension_name(each) == extension)
      return each.name;
  return {};
}

/// The newest one older than this that is here, whole.
std::string
older_version(const base::Host &host, const std::string &component, const std::string &version)
{
  updater::Scope scope;
  scope.component = component;
  const updater::Inventory inventory = updater::take_inventory(host, scope);
  const updater::Catalog catalog = updater::assess(inventory.holdings, updater::Offline::yes);
  for (const updater::UpdateSet &set : catalog.sets) // newest first
    if (set.is_whole() && base::compare_versions(set.version, version) < 0)
      return set.version;
  return {};
}

/// First of all, so that no update brings it back.
void skip(const base::Host &host, const base::Dir &state, const Quarantined &culprit)
{
  updater::Policy policy = updater::read_policy(state, culprit.component);
  if (std::find(policy.skipped.begin(), policy.skipped.end(), culprit.version) !=
      policy.skipped.end())
    return;
  policy.skipped.push_back(culprit.version);
  updater::write_policy(host.sys, state, culprit.component, policy);
}

void replace(const base::Host &host, const Quarantined &culprit)
{
  const auto component = find_component(host, culprit.component);
  if (!component)
    return;
  if (culprit.instead.empty() || !use_version(host, *component, culprit.instead))
    unlink_extension(host, *component);
}

/// The units that failed may be well with what is merged now.
void restart_units(const base::Host &host, const std::vector<HealthCheck> &checks)
{
  std::vector<std::string> argv = {"systemctl", "--no-ask-password", "restart", "--"};
  const std::size_t words = argv.size();
  for (const HealthCheck &each : checks)
    if (each.is_required && !each.failure.empty() && !each.name.starts_with('/'))
      argv.push_back(each.name);
  if (argv.size() > words)
    (void)host.programs.run({.argv = std::move(argv)}); // they are looked at once more anyway
}

} // namespace

std::vector<Quarantined>
find_culprits(const std::vector<Blame> &blames, const SystemSet &in_use, const SystemSets &sets)
{
  std::vector<Quarantined> culprits;
  for (const Blame &each : blames) {
    const auto version = in_use.find(each.component);
    if (version == in_use.end() || version->second.empty())
      return {};
    for (const auto &[system, set] : sets.sets)
      if (const auto proven = set.find(each.component);
          system != sets.followed && proven != set.end() && proven->second == version->second)
        return {};
    const auto known = std::find_if(culprits.begin(), culprits.end(), [&](const Quarantined &one) {
      return one.component == each.component;
    });
    if (known == culprits.end())
      culprits.push_back({each.component, version->second, {}, each.check});
    else
      known->why += "; " + each.check;
  }
  return culprits;
}

std::vector<Blame> blame(const base::Host &host, const std::vector<HealthCheck> &checks)
{
  const std::vector<ExtensionComponent> components = extension_components(host);
  std::vector<Blame> blames;
  for (const HealthCheck &each : checks)
    if (each.is_required && !each.failure.empty())
      blames.push_back({fmt::format("{}: {}", each.name, each.failure),
                        component_of(components, extension_of(host, file_of(host, each.name)))});
  return blames;
}

void take_out(const base::Host &host, const Quarantined &culprit)
{
  const base::Dir state = updater::open_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  skip(host, state, culprit);
  replace(host, culprit);
  updater::record(host,
                  state,
                  {.action = "quarantine",
                   .component = culprit.component,
                   .version = culprit.version,
                   .outcome = "done",
                   .detail = culprit.why});
}

std::vector<Quarantined> quarantine_culprits(const base::Host &host,
                                             const std::vector<HealthCheck> &checks)
{
  const auto state = updater::find_state(host);
  std::vector<Quarantined> culprits =
      find_culprits(blame(host, checks),
                    members_in_use(host),
                    state ? updater::read_system_sets(*state) : SystemSets{});
  for (Quarantined &each : culprits) {
    each.instead = older_version(host, each.component, each.version);
    take_out(host, each);
  }
  if (culprits.empty())
    return {};
  overlay::refresh(host, overlay::usual_requests(host));
  restart_units(host, checks);
  return culprits;
}

} // namespace handoff
