// SPDX-License-Identifier: Apache-2.0
#include "handoff/member_choices.hpp"

#include "base/os_release.hpp"
#include "base/version.hpp"
#include "handoff/extension_component.hpp"
#include "overlay/plan.hpp"
#include "updater/running.hpp"
#include "updater/state.hpp"
#include "updater/system_set.hpp"
#include "updater/update.hpp"

#include <algorithm>
#include <map>

namespace handoff {

namespace {

using overlay::Request;
using overlay::Target;

/// Extensions with what speaks against each; empty: it is used.
using Fits = std::map<std::string, std::string>;

/// Of all that are enabled.
Fits judge(const base::Host &host, const std::optional<Target> &target)
{
  Fits fits;
  for (const overlay::Class extension_class : {overlay::Class::sysext, overlay::Class::confext}) {
    if (overlay::switched_off(host, extension_class))
      continue;
    Request request;
    request.extension_class = extension_class;
    request.configuration =
        overlay::read_configuration(host, extension_class, std::nullopt, std::nullopt);
    request.unchanged = Request::Unchanged::merge_again;
    request.target = target;
    const overlay::Plan plan = overlay::make_plan(host, request);
    for (const overlay::Layer *layer : plan.selection.used())
      fits.emplace(layer->candidate.image.name, "");
    for (const overlay::Omission &each : plan.selection.omitted)
      if (each.verdict.rule != "disabled")
        fits[each.image.name] = each.verdict.why;
  }
  return fits;
}

/// What was noted to go with the system that runs.
updater::SystemSet noted_set(const base::Host &host)
{
  const auto state = updater::find_state(host);
  const auto sets = state ? updater::read_system_sets(*state) : updater::SystemSets{};
  const auto found = sets.sets.find(updater::running_version(host));
  return found == sets.sets.end() ? updater::SystemSet{} : found->second;
}

/// By what is in use; and where somebody else has led the link on already, by what was noted.
bool is_coupled(const base::Host &host,
                const ExtensionComponent &component,
                const updater::SystemSet &noted)
{
  const auto found = noted.find(component.name);
  return is_version_of_system(host, component.version) ||
         (found != noted.end() && is_version_of_system(host, found->second));
}

/// Those here and on offer; where the source is signed, only those that are said to fit the target.
void add_versions(const base::Host &host,
                  const ExtensionComponent &component,
                  const Target &target,
                  MemberChoices &choices)
{
  updater::UpdateOptions options;
  options.scope.component = component.name;
  options.scope.os_release = target.os_release;
  const auto foreseen = updater::foresee(host, options);
  const bool is_signed = !component.source.trust.empty();
  for (const updater::UpdateSet &set : foreseen->catalog.sets) { // newest first
    if (set.is_whole())
      choices.here.insert(set.version);
    if (set.available)
      choices.on_offer.insert(set.version);
    if (set.available && is_signed && choices.newest.empty())
      choices.newest = set.version;
  }
  std::string newest_withheld;
  for (const updater::Terms &terms : foreseen->catalog.terms) {
    if (terms.why.empty() || base::compare_versions(terms.version, newest_withheld) < 0)
      continue;
    newest_withheld = terms.version;
    choices.no_newest = fmt::format("{} is on offer, but {}", terms.version, terms.why);
  }
}

/// Those that no component keeps, and that the target would be without.
void add_handmade(const Fits &now, const Fits &then, std::vector<MemberChoices> &all)
{
  for (const auto &[name, misfit] : now) {
    const auto found = then.find(name);
    const bool is_known = std::any_of(
        all.begin(), all.end(), [&](const MemberChoices &each) { return each.name == name; });
    if (!is_known && misfit.empty() && found != then.end() && !found->second.empty())
      all.push_back({.name = name, .misfit = found->second});
  }
}

} // namespace

bool has_members(const base::Host &host)
{
  return !updater::running_version(host).empty() && !members_in_use(host).empty();
}

updater::SystemSet members_in_use(const base::Host &host)
{
  updater::SystemSet set;
  for (const ExtensionComponent &component : extension_components(host))
    if (!component.version.empty())
      set[component.name] = component.version;
  return set;
}

bool is_version_of_system(const base::Host &host, const std::string &version)
{
  auto release = base::read_os_release(host.root);
  return !version.empty() &&
         (version == release["IMAGE_VERSION"] || version == release["VERSION_ID"]);
}

bool is_coupled_component(const base::Host &host, const std::string &component)
{
  const auto found = find_component(host, component);
  return found && !found->version.empty() && is_coupled(host, *found, noted_set(host));
}

std::vector<MemberChoices> read_member_choices(const base::Host &host, const Target &target)
{
  const Fits now = judge(host, std::nullopt);
  const Fits then = judge(host, target);
  const updater::SystemSet noted = noted_set(host);
  std::vector<MemberChoices> all;
  for (const ExtensionComponent &component : extension_components(host)) {
    MemberChoices choices{.name = extension_name(component),
                          .component = component.name,
                          .in_use = component.version,
                          .is_coupled = is_coupled(host, component, noted)};
    const auto found = then.find(choices.name);
    if (component.version.empty() || found == then.end())
      continue;
    choices.misfit = found->second;
    add_versions(host, component, target, choices);
    all.push_back(std::move(choices));
  }
  add_handmade(now, then, all);
  for (MemberChoices &choices : all)
    choices.when_unfit = overlay::read_extension_settings(host, choices.name).when_unfit;
  return all;
}

} // namespace handoff
