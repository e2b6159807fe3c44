// SPDX-License-Identifier: Apache-2.0
#include "updater/rollback.hpp"

#include "base/error.hpp"
#include "base/version.hpp"
#include "updater/history.hpp"
#include "updater/settle.hpp"
#include "updater/state.hpp"
#include "updater/withdraw.hpp"

#include <algorithm>
#include <functional>

namespace updater {

namespace {

RollbackPlan decide(const Inventory &inventory, const std::string &version)
{
  const Catalog catalog = assess(inventory.holdings, Offline::yes);
  const UpdateSet *set = catalog.find(version);
  if (set == nullptr)
    base::fail(base::Kind::not_found,
               "version {} is not installed; \"strake list --offline\" shows what is",
               version);
  if (!set->is_whole())
    base::fail(
        base::Kind::not_found,
        "version {} is {}, so the machine cannot go back to it; \"strake update {}\" makes it "
        "whole",
        version,
        assessment(*set),
        version);
  RollbackPlan plan{version, {}};
  for (const UpdateSet &other : catalog.sets)
    if (base::compare_versions(other.version, version) > 0)
      plan.withdrawn.push_back(other.version);
  return plan;
}

void note(const base::Host &host,
          const base::Dir &state,
          const std::string &component,
          const std::string &action,
          const std::string &version,
          const std::string &detail)
{
  Event event;
  event.action = action;
  event.component = component;
  event.version = version;
  event.outcome = "done";
  event.detail = detail;
  record(host, state, event);
}

} // namespace

RollbackPlan
foresee_rollback(const base::Host &host, const Scope &scope, const std::string &version)
{
  return decide(take_inventory(host, scope), version);
}

RollbackPlan rollback(const base::Host &host, const Scope &scope, const std::string &version)
{
  const base::Dir state = open_state(host);
  const Lock lock = take_lock(host, state);
  Inventory inventory = settle(host, state, scope);
  const RollbackPlan plan = decide(inventory, version);

  Policy policy = read_policy(state, scope.component);
  policy.rolled_back_to = version;
  std::erase(policy.skipped, version);
  for (const std::string &newer : plan.withdrawn)
    if (std::find(policy.skipped.begin(), policy.skipped.end(), newer) == policy.skipped.end())
      policy.skipped.push_back(newer);
  write_policy(host.sys, state, scope.component, policy);

  withdraw_newer(host, inventory, version, plan.withdrawn);
  note(host,
       state,
       scope.component,
       "rollback",
       version,
       fmt::format("took {} newer versions out of effect", plan.withdrawn.size()));
  return plan;
}

Policy change_policy(const base::Host &host,
                     const std::string &component,
                     const std::string &action,
                     const std::string &version,
                     const std::function<Policy(Policy)> &change)
{
  const base::Dir state = open_state(host);
  const Lock lock = take_lock(host, state);
  const Policy policy = change(read_policy(state, component));
  write_policy(host.sys, state, component, policy);
  note(host, state, component, action, version, "");
  return policy;
}

} // namespace updater
