// SPDX-License-Identifier: Apache-2.0
#include "handoff/follow.hpp"

#include "handoff/extension_component.hpp"
#include "handoff/member_choices.hpp"
#include "updater/running.hpp"
#include "updater/state.hpp"
#include "updater/system_set.hpp"

namespace handoff {

namespace {

using base::Level;
using updater::SystemSets;

std::optional<Followed>
follow(const base::Host &host, const ExtensionComponent &component, const std::string &version)
{
  if (component.version == version)
    return std::nullopt;
  if (version.empty())
    (void)unlink_extension(host, component);
  else if (!use_version(host, component, version)) {
    host.say(Level::warning,
             "version {} of {} goes with this system, but is not here; {} stays in use",
             version,
             component.name,
             component.version);
    return std::nullopt;
  }
  return Followed{component.name, component.version, version};
}

/// What the links show goes with the system that they were for; but not what is of the version that
/// runs now, which somebody else has brought for this one.
updater::SystemSet set_left_behind(const base::Host &host, const updater::SystemSet &known)
{
  updater::SystemSet set = members_in_use(host);
  for (auto &[component, version] : set)
    if (const auto before = known.find(component);
        before != known.end() && is_version_of_system(host, version))
      version = before->second;
  return set;
}

/// Nothing is noted of links that are being changed.
void begin(const base::Host &host,
           const base::Dir &state,
           SystemSets &sets,
           const std::string &running)
{
  if (sets.following.empty() && !sets.followed.empty())
    sets.sets[sets.followed] = set_left_behind(host, sets.sets[sets.followed]);
  sets.following = running;
  updater::write_system_sets(host.sys, state, sets);
}

void end(const base::Host &host, const base::Dir &state, SystemSets &sets)
{
  sets.followed = sets.following;
  sets.following.clear();
  updater::write_system_sets(host.sys, state, sets);
}

} // namespace

std::vector<Followed> follow_system(const base::Host &host)
{
  const std::string running = updater::running_version(host);
  if (running.empty() || !updater::find_state(host))
    return {};
  const base::Dir state = updater::open_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  SystemSets sets = updater::read_system_sets(state);
  const bool is_followed = sets.followed == running && sets.following.empty();
  if (is_followed || sets.sets.empty())
    return {};
  begin(host, state, sets, running);
  std::vector<Followed> changed;
  for (const ExtensionComponent &component : extension_components(host))
    if (const auto version = sets.sets[running].find(component.name);
        version != sets.sets[running].end())
      if (auto followed = follow(host, component, version->second))
        changed.push_back(std::move(*followed));
  end(host, state, sets);
  return changed;
}

} // namespace handoff
