// SPDX-License-Identifier: Apache-2.0
#include "handoff/machine_update.hpp"

#include "base/error.hpp"
#include "handoff/follow.hpp"
#include "handoff/member_choices.hpp"
#include "handoff/target_system.hpp"
#include "updater/running.hpp"
#include "updater/state.hpp"
#include "updater/system_set.hpp"

#include <algorithm>

namespace handoff {

namespace {

using base::Level;
using Unfit = overlay::ExtensionSettings::Unfit;
using updater::CurrentLink;
using updater::SystemSet;
using updater::UpdateOptions;

/// The version that is to come; empty if none is, or it is here already.
std::string version_to_come(const base::Host &host, const UpdateOptions &options)
{
  const auto foreseen = updater::foresee(host, options);
  return foreseen->plan ? foreseen->plan->version : "";
}

std::vector<Member>
decide(const base::Host &host, const overlay::Target &target, const std::string &system)
{
  std::vector<Member> members;
  for (const MemberChoices &choices : read_member_choices(host, target))
    members.push_back(choose_member(choices, system));
  return members;
}

/// Pending: whole and verified, but nothing boots it.
void acquire(const base::Host &host, const UpdateOptions &options, const std::string &version)
{
  UpdateOptions first = options;
  first.version = version;
  first.goal = updater::Goal::acquire;
  updater::update(host, first);
}

/// The versions that go with the new system are protected from here on, like those in use.
void note_sets(const base::Host &host,
               const std::vector<Member> &members,
               const std::string &system)
{
  const base::Dir state = updater::open_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  updater::SystemSets sets = updater::read_system_sets(state);
  sets.followed = updater::running_version(host);
  sets.sets[sets.followed] = members_in_use(host);
  SystemSet &set = sets.sets[system];
  set.clear();
  for (const Member &member : members)
    if (!member.component.empty())
      set[member.component] = member.version;
  updater::write_system_sets(host.sys, state, sets);
}

/// Beside what is in use, which stays so.
void stage(const base::Host &host,
           const std::vector<Member> &members,
           const overlay::Target &target)
{
  for (const Member &member : members) {
    if (!member.is_to_fetch)
      continue;
    UpdateOptions options;
    options.scope.component = member.component;
    options.scope.os_release = target.os_release;
    options.version = member.version;
    options.link = CurrentLink::stays;
    base::during(member.name, [&] { updater::update(host, options); });
  }
}

void warn_of_unfit(const base::Host &host,
                   const std::vector<Member> &members,
                   const std::string &system)
{
  for (const Member &member : members)
    if (!member.unfit.empty())
      host.say(member.when_unfit == Unfit::warn ? Level::warning : Level::notice,
               "{} will not be there with {}: {}",
               member.name,
               system,
               member.unfit);
}

/// Systems that are gone need nothing any more.
void forget_gone_systems(const base::Host &host, const UpdateOptions &options)
{
  const updater::Inventory inventory = updater::take_inventory(host, options.scope);
  const updater::Catalog catalog = updater::assess(inventory.holdings, updater::Offline::yes);
  const base::Dir state = updater::open_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  updater::SystemSets sets = updater::read_system_sets(state);
  const updater::SystemSets before = sets;
  std::erase_if(sets.sets, [&](const auto &each) {
    return each.first != sets.followed && catalog.find(each.first) == nullptr;
  });
  if (sets != before)
    updater::write_system_sets(host.sys, state, sets);
}

} // namespace

std::vector<Member>
foresee_members(const base::Host &host, const updater::Scope &scope, const std::string &version)
{
  if (version.empty() || !has_members(host))
    return {};
  return decide(host, target_system(host, scope, version), version);
}

MachineUpdate update_machine(const base::Host &host, const UpdateOptions &options)
{
  if (!has_members(host))
    return {updater::update(host, options), {}};
  follow_system(host);
  const std::string version = version_to_come(host, options);
  if (version.empty())
    return {updater::update(host, options), {}};

  refuse_unfit(foresee_members(host, options.scope, version), version);
  acquire(host, options, version);
  const overlay::Target target = target_system(host, options.scope, version);
  const std::vector<Member> members = decide(host, target, version);
  refuse_unfit(members, version);
  note_sets(host, members, version);
  stage(host, members, target);
  warn_of_unfit(host, members, version);
  UpdateOptions chosen = options;
  chosen.version = version;
  MachineUpdate result{updater::update(host, chosen), members}; // the boot entry last
  forget_gone_systems(host, options);
  return result;
}

} // namespace handoff
