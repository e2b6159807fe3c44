// SPDX-License-Identifier: Apache-2.0
#include "overlay/merge.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "overlay/danger_check.hpp"
#include "overlay/exchange.hpp"
#include "overlay/history.hpp"
#include "overlay/release.hpp"
#include "overlay/service_manager.hpp"
#include "overlay/settings.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace overlay {

namespace {

using base::Kind;
using base::Level;

Composition
composition_of(const Plan &plan, const PlannedHierarchy &planned, const std::string &generation)
{
  std::vector<std::string> names;
  for (const Layer *layer : plan.selection.used())
    names.push_back(layer->candidate.image.name);
  return {.hierarchy = planned.hierarchy,
          .above = planned.above,
          .below = planned.below,
          .mutability = mutability_of(plan.request.configuration, planned.hierarchy.path),
          .size_limit = size_limit_of(plan.request.configuration, planned.hierarchy.path),
          .indexes_kernel_modules = plan.request.configuration.indexes_kernel_modules,
          .names = std::move(names),
          .origin = plan.origin,
          .stamp = plan.stamp,
          .generation = generation};
}

bool is_change(const PlannedHierarchy &planned)
{
  return planned.action != Action::none;
}

Change change_for(const base::Host &host,
                  const Plan &plan,
                  const PlannedHierarchy &planned,
                  const std::string &generation)
{
  if (planned.action == Action::unmerge)
    return {planned.hierarchy, std::nullopt};
  return {planned.hierarchy,
          compose(host,
                  plan.request.extension_class,
                  composition_of(plan, planned, generation),
                  mount_style_of(host, plan.request))};
}

/// What an overlay that is gone has used.
struct Leaving {
  std::string hierarchy;
  std::string work_dir; ///< beneath the root
};

std::vector<Leaving> leaving(const std::vector<Plan> &plans)
{
  std::vector<Leaving> found;
  for (const Plan &plan : plans)
    for (const PlannedHierarchy &planned : plan.hierarchies) {
      if (!planned.hierarchy.is_merged() || !is_change(planned))
        continue;
      const Merged merged = read_merged(planned.hierarchy, plan.request.extension_class);
      if (merged.work_dir)
        found.push_back({planned.hierarchy.path, *merged.work_dir});
    }
  return found;
}

void remove_work_dirs(const base::Host &host, const std::vector<Leaving> &all)
{
  for (const Leaving &each : all) {
    try {
      const base::SplitPath split = base::split_path(each.work_dir);
      const auto parent = host.root.find_dir(split.parent.empty() ? "." : split.parent);
      if (parent)
        base::remove_tree(host.sys, *parent, split.name);
    } catch (const base::Error &error) {
      host.say(Level::warning,
               "The work directory of {} stays until the next time: {}",
               each.hierarchy,
               error.what());
    }
  }
}

void tell(const base::Host &host, const PlannedHierarchy &planned)
{
  const std::string shown = host.root.display(planned.hierarchy.path);
  if (planned.action == Action::unmerge)
    host.say(Level::info, "Unmerged '{}'.", shown);
  else
    host.say(Level::info, "Merged extensions into '{}'.", shown);
}

/// What the policy lets pass with a warning; of those left out, why was said already.
void tell_dangers(const base::Host &host, const Plan &plan)
{
  std::set<std::string> used;
  for (const Layer *layer : plan.selection.used())
    used.insert(layer->candidate.image.name);
  for (const std::vector<Danger> &group : by_rule(plan.dangers)) {
    const Danger &first = group.front();
    if (first.response == Response::warn && used.contains(first.extension))
      host.say(Level::warning,
               "Extension '{}' ({}): {}; if that is meant, write AllowDangers={} in "
               "/etc/strake/extensions/{}.conf.",
               first.extension,
               facts(first.rule).name,
               describe(group),
               facts(first.rule).name,
               first.extension);
  }
}

void tell_selection(const base::Host &host, const Plan &plan)
{
  if (plan.is_unchanged) {
    host.say(Level::info,
             "Skipping extension refresh because no change was found, use --always-refresh=yes to "
             "always do a refresh.");
    return;
  }
  for (const Omission &each : plan.selection.omitted)
    host.say(each.is_broken ? Level::warning : Level::debug,
             "Extension '{}' is left out ({}): {}; {}.",
             each.image.name,
             each.verdict.rule,
             each.verdict.why,
             each.verdict.fix);
  tell_dangers(host, plan);
  std::vector<std::string> files;
  for (const Layer *layer : plan.selection.used())
    files.push_back(base::split_path(layer->candidate.image.path).name);
  if (!files.empty())
    host.say(Level::info, "Using extensions '{}'.", fmt::format("{}", fmt::join(files, "', '")));
  else if (!plan.selection.omitted.empty())
    host.say(Level::info,
             "No suitable extensions found ({} ignored due to incompatible image(s)).",
             plan.selection.omitted.size());
  else
    host.say(Level::info, "No extensions found.");
}

/// A hierarchy that is to be merged exists; made here, it is durable.
void make_hierarchies(const base::Host &host, const std::vector<Plan> &plans)
{
  for (const Plan &plan : plans)
    for (const PlannedHierarchy &planned : plan.hierarchies)
      if (planned.action == Action::merge && !planned.hierarchy.top)
        base::make_path(host.sys, host.root, planned.hierarchy.path);
}

void refuse_merged(const Plan &plan)
{
  for (const PlannedHierarchy &planned : plan.hierarchies)
    if (planned.hierarchy.is_merged())
      base::fail(Kind::busy,
                 "Hierarchy '{}' is already merged; use refresh to merge it anew",
                 planned.hierarchy.path);
}

} // namespace

Lock take_lock(const base::Host &host)
{
  constexpr std::chrono::seconds patience{60};
  constexpr std::chrono::milliseconds pause{20};
  // Only root may open it, so that nobody else can hold it. The directory itself is locked: unlike
  // a file in it, it cannot be replaced in between.
  const base::Dir state = base::make_path(host.sys, host.root, "/run/strake");
  base::Dir held = base::make_path(host.sys, state, "extensions", 0700);
  const auto end = host.clock.monotonic() + patience;
  while (!host.sys.try_lock(held.fd())) {
    if (host.clock.monotonic() >= end)
      base::fail(Kind::busy,
                 "another process has been at work on the extensions of {} for a minute; try again "
                 "when it is done",
                 host.root.path());
    host.clock.sleep(pause);
  }
  return Lock(std::move(held));
}

void perform(const base::Host &host, const std::vector<Plan> &plans, const Generation &generation)
{
  std::vector<Change> changes;
  const std::string text = text_of(generation);
  for (const Plan &plan : plans)
    for (const PlannedHierarchy &planned : plan.hierarchies)
      if (is_change(planned))
        changes.push_back(change_for(host, plan, planned, text));
  if (changes.empty())
    return;
  const std::vector<Leaving> gone = leaving(plans);
  Aftermath aftermath;
  for (const Plan &plan : plans)
    add(aftermath, planned_aftermath(host, plan));
  make_hierarchies(host, plans);
  exchange(host, std::move(changes));
  for (const Plan &plan : plans)
    for (const PlannedHierarchy &planned : plan.hierarchies)
      if (is_change(planned))
        tell(host, planned);
  remove_work_dirs(host, gone);
  fulfil(host, aftermath);
}

namespace {

bool changes_anything(const std::vector<Plan> &plans)
{
  return std::any_of(plans.begin(), plans.end(), [](const Plan &plan) {
    return std::any_of(plan.hierarchies.begin(), plan.hierarchies.end(), is_change);
  });
}

/// The generation that plans bring about. A set that is the latest one, or the one that is held,
/// keeps its number.
Generation
next_generation(const base::Host &host, const std::vector<Plan> &plans, const std::string &verb)
{
  const Generation &present = plans.front().present;
  if (!changes_anything(plans))
    return present;
  Generation next{
      .time = host.clock.now().time_since_epoch().count(), .verb = verb, .sets = present.sets};
  for (const Plan &plan : plans) {
    if (plan.is_unchanged)
      continue;
    next.sets.erase(plan.request.extension_class);
    if (UsedSet set = plan.selection.used_set(); !set.all().empty())
      next.sets.emplace(plan.request.extension_class, std::move(set));
  }
  for (const auto &known : {plans.front().held, latest_generation(host)})
    if (known && is_same_set(*known, next)) {
      next.number = known->number;
      next.time = known->time;
      next.verb = known->verb;
      return next;
    }
  next.number = std::max(last_number(host), present.number) + 1;
  return next;
}

/// That it cannot be written down is no reason to take it back.
void record(const base::Host &host, const Generation &generation, const Settings &settings)
{
  if (generation.number == 0)
    return;
  try {
    remember(host, generation, settings.generations_kept);
  } catch (const base::Error &error) {
    host.say(Level::notice,
             "Generation {} is merged, but not remembered yet: {}",
             generation.number,
             error.what());
  }
}

std::vector<Plan> make_plans(const base::Host &host, const std::vector<Request> &requests)
{
  std::vector<Plan> plans;
  for (const Request &request : requests)
    plans.push_back(make_plan(host, request));
  return plans;
}

void apply(const base::Host &host, const std::vector<Plan> &plans, const std::string &verb)
{
  if (plans.empty())
    return;
  if (const auto &held = plans.front().held)
    host.say(Level::notice,
             "Generation {} is held; `strake ext release` lets newer extensions in again.",
             held->number);
  for (const Plan &plan : plans)
    tell_selection(host, plan);
  const Settings settings = read_settings(host);
  const Generation generation = next_generation(host, plans, verb);
  perform(host, plans, generation);
  record(host, generation, settings);
}

/// The latest one before what is merged now.
Generation generation_before(const base::Host &host, const Generation &present)
{
  std::vector<Generation> all = read_generations(host);
  for (auto each = all.rbegin(); each != all.rend(); ++each)
    if (present.number == 0 || each->number < present.number)
      return std::move(*each);
  base::fail(Kind::not_found, "no generation is remembered from before the present one");
}

void refuse_incomplete(const std::vector<Plan> &plans)
{
  for (const Plan &plan : plans)
    for (const Omission &each : plan.selection.omitted)
      base::fail(each.verdict.rule == "untrusted" ? Kind::untrusted : Kind::not_found,
                 "generation {} cannot be brought back, since '{}' is left out ({}): {}. Nothing "
                 "was changed",
                 plan.held->number,
                 each.image.name,
                 each.verdict.rule,
                 each.verdict.why);
}

} // namespace

std::vector<Plan> merge(const base::Host &host, const std::vector<Request> &requests)
{
  const Lock lock = take_lock(host);
  std::vector<Plan> plans = make_plans(host, requests);
  for (const Plan &plan : plans)
    refuse_merged(plan);
  apply(host, plans, "merge");
  return plans;
}

std::vector<Plan> refresh(const base::Host &host, const std::vector<Request> &requests)
{
  return refresh(take_lock(host), host, requests, "refresh");
}

std::vector<Plan> refresh(const Lock & /*lock*/,
                          const base::Host &host,
                          const std::vector<Request> &requests,
                          const std::string &verb)
{
  std::vector<Plan> plans = make_plans(host, requests);
  apply(host, plans, verb);
  return plans;
}

std::vector<Plan> unmerge(const base::Host &host, const std::vector<Request> &requests)
{
  const Lock lock = take_lock(host);
  std::vector<Plan> plans;
  for (const Request &request : requests)
    plans.push_back(plan_unmerge(host, request));
  perform(host, plans, {});
  return plans;
}

std::vector<Plan> roll_back(const base::Host &host,
                            std::vector<Request> requests,
                            std::optional<std::uint64_t> number)
{
  const Lock lock = take_lock(host);
  const Generation target =
      number ? find_generation(host, *number) : generation_before(host, present_generation(host));
  for (Request &request : requests)
    request.go_back_to = target;
  std::vector<Plan> plans = make_plans(host, requests);
  refuse_incomplete(plans);
  apply(host, plans, "rollback");
  hold(host, target.number);
  return plans;
}

} // namespace overlay
