// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan.hpp"

#include "base/error.hpp"
#include "base/os_release.hpp"
#include "base/printable.hpp"
#include "overlay/danger_check.hpp"
#include "overlay/difference.hpp"
#include "overlay/history.hpp"
#include "overlay/settings.hpp"
#include "overlay/trial.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>

namespace overlay {

namespace {

std::vector<PlannedHierarchy> find_hierarchies(const base::Host &host, const Request &request)
{
  const std::vector<MountLine> table = read_mount_table(host);
  std::vector<PlannedHierarchy> found;
  for (const std::string &path : request.configuration.hierarchies)
    found.push_back({.hierarchy = find_hierarchy(host, request.extension_class, path, table),
                     .above = {},
                     .below = {}});
  return found;
}

/// All that decides about the result besides the images.
std::string settings_text(const base::Host &host, const Request &request)
{
  const auto &policy = request.configuration.policy;
  std::string text = fmt::format("{} {} {} {} {}",
                                 name(request.configuration.mutability),
                                 policy ? policy->text() : "",
                                 request.configuration.mount_options.value_or(""),
                                 request.no_programs ? (*request.no_programs ? "yes" : "no") : "",
                                 request.fit == Fit::forced ? "forced" : "");
  if (!request.configuration.indexes_kernel_modules)
    text += "\nkernel modules left alone";
  for (const auto &[hierarchy, mutability] : request.configuration.of_hierarchy)
    text += fmt::format("\n{} {}", hierarchy, name(mutability));
  for (const std::string &hierarchy : request.configuration.hierarchies)
    if (is_ephemeral(mutability_of(request.configuration, hierarchy)))
      text += fmt::format("\n{} {}", hierarchy, size_limit_of(request.configuration, hierarchy));
  for (const auto &[key, value] : base::read_os_release(host.root))
    text += fmt::format("\n{}={}", key, value);
  const DangerPolicy dangers = read_settings(host).dangers;
  for (const DangerFacts &row : danger_table())
    text += fmt::format("\n{} {}", row.name, name(dangers[row.self]));
  return text + trust_text(host);
}

/// What is said of one extension besides what it is itself.
std::string
settings_text(const base::Host &host, const std::string &extension, const std::string &tried)
{
  try {
    ExtensionSettings settings = read_extension_settings(host, extension);
    settings.enabled = settings.enabled || extension == tried;
    if (settings == ExtensionSettings{})
      return "";
    std::vector<std::string_view> allowed;
    for (const DangerRule rule : settings.allowed_dangers)
      allowed.push_back(facts(rule).name);
    return fmt::format("\n{} {} {} {} {} {} {} {}",
                       extension,
                       settings.enabled,
                       settings.priority,
                       settings.below,
                       fmt::join(settings.after, ","),
                       fmt::join(settings.required, ","),
                       fmt::join(settings.conflicts, ","),
                       fmt::join(allowed, ","));
  } catch (const base::Error &) {
    return "\n"; // select() makes a broken one of it, and then no stamp counts
  }
}

/// With the hierarchies that are merged, so that one somebody has unmounted is missed.
std::string full_stamp(const std::string &stamp, const std::vector<std::string> &merged)
{
  return fmt::format("{} {}", stamp, fmt::join(merged, ":"));
}

std::vector<std::string> merged_now(const std::vector<PlannedHierarchy> &hierarchies)
{
  std::vector<std::string> merged;
  for (const PlannedHierarchy &each : hierarchies)
    if (each.hierarchy.is_merged())
      merged.push_back(each.hierarchy.path);
  return merged;
}

std::vector<std::string> merged_then(const std::vector<PlannedHierarchy> &hierarchies)
{
  std::vector<std::string> merged;
  for (const PlannedHierarchy &each : hierarchies)
    if (each.action == Action::merge || each.action == Action::replace)
      merged.push_back(each.hierarchy.path);
  return merged;
}

std::set<std::string> merged_extensions(const Plan &plan)
{
  std::set<std::string> names;
  for (const PlannedHierarchy &each : plan.hierarchies)
    if (each.hierarchy.is_merged())
      for (const std::string &name :
           read_merged(each.hierarchy, plan.request.extension_class).extensions)
        names.insert(name);
  return names;
}

/// True if all that is merged, and there is something, says this of itself.
bool all_merged_say(const Plan &plan, const std::function<bool(const Merged &)> &says)
{
  std::size_t count = 0;
  for (const PlannedHierarchy &each : plan.hierarchies) {
    if (!each.hierarchy.is_merged())
      continue;
    ++count;
    if (!says(read_merged(each.hierarchy, plan.request.extension_class)))
      return false;
  }
  return count > 0;
}

/// The names of those that are merged already, as they are, by the same settings and in the same
/// order: what they do to each other was judged then.
std::set<std::string> known_layers(const Plan &plan, const std::string &settings)
{
  const bool is_judged_alike = all_merged_say(
      plan, [&](const Merged &merged) { return merged.stamp.starts_with(settings + " "); });
  if (!is_judged_alike)
    return {};
  return unmoved(set_of(plan.present, plan.request.extension_class), plan.selection.used_set());
}

std::vector<const Layer *> layers_in(const std::string &hierarchy, const std::vector<Layer> &all)
{
  std::vector<const Layer *> layers;
  for (const Layer &layer : all) {
    const auto dir = layer.tree.find_dir(hierarchy);
    if (dir && !dir->entries().empty())
      layers.push_back(&layer);
  }
  std::reverse(layers.begin(), layers.end());
  return layers;
}

/// What could not be looked at is broken, and not gone.
void add_faults(Plan &plan, const std::vector<Hidden> &hidden, const std::set<std::string> &merged)
{
  for (const Hidden &each : hidden) {
    if (!each.fault)
      continue;
    if (merged.contains(each.image.name))
      throw base::Error(*each.fault);
    plan.selection.omitted.push_back({each.image,
                                      {.fits = false,
                                       .rule = each.rule,
                                       .why = base::printable(each.why),
                                       .fix = "replace it by an intact one, or remove it"},
                                      true});
  }
}

/// What there is to choose from.
struct Supply {
  std::vector<Candidate> candidates{};
  std::vector<Hidden> hidden{};
  std::vector<Omission> gone{}; ///< of a held generation
  std::string settings{};       ///< what is said of the candidates
  std::string tried{};

  [[nodiscard]] bool has_faults() const
  {
    return !gone.empty() || std::any_of(hidden.begin(), hidden.end(), [](const Hidden &each) {
      return each.fault.has_value();
    });
  }
};

Supply installed(const base::Host &host, Class extension_class)
{
  Supply supply;
  if (const auto trial = present_trial(host))
    supply.tried = trial->name;
  Discovery discovery = find_images(host, extension_class);
  for (const Image &image : discovery.images) {
    supply.candidates.push_back(identify(host, image));
    supply.settings += settings_text(host, image.name, supply.tried);
  }
  supply.hidden = std::move(discovery.hidden);
  return supply;
}

Verdict changed_since(const Generation &generation, const Image &image)
{
  return {.fits = false,
          .rule = "generation",
          .why = fmt::format("{} is not there any more as it was in generation {}, which is held",
                             image.path,
                             generation.number),
          .fix = "put back the image of that time, or give generation up with strake ext release"};
}

/// The images of a generation, as far as they are what they were.
Supply remembered(const base::Host &host, const Generation &generation, Class extension_class)
{
  Supply supply{.settings = fmt::format("held {}", generation.number)};
  for (const UsedExtension *used : set_of(generation, extension_class).all()) {
    const Image &image = used->candidate.image;
    Candidate now = identify(host, image);
    if (is_same(used->candidate.identity, now.identity, Boot::any))
      supply.candidates.push_back(std::move(now));
    else
      supply.gone.push_back({image, changed_since(generation, image), true});
  }
  return supply;
}

void decide(Plan &plan)
{
  for (PlannedHierarchy &each : plan.hierarchies) {
    const std::string &path = each.hierarchy.path;
    each.above = layers_in(path, plan.selection.above);
    each.below = layers_in(path, plan.selection.below);
    each.action = action_for(each.hierarchy.is_merged(),
                             !each.above.empty() || !each.below.empty(),
                             mutability_of(plan.request.configuration, path));
  }
}

std::string origin_of(const Plan &plan)
{
  std::vector<Candidate> used;
  for (const Layer *layer : plan.selection.used())
    used.push_back(layer->candidate);
  const bool is_mutable = plan.request.configuration.mutability != Mutability::no;
  return origin_text(used,
                     plan.request.configuration.mutability,
                     is_mutable ? merged_then(plan.hierarchies) : std::vector<std::string>(),
                     plan.request.configuration.mount_options);
}

void give_up_on_broken(const Plan &plan)
{
  for (const Omission &each : plan.selection.omitted)
    if (each.is_broken)
      base::fail(each.verdict.rule == "untrusted" ? base::Kind::untrusted : base::Kind::config,
                 "{}; {}. Nothing was changed",
                 each.verdict.why,
                 each.verdict.fix);
}

/// The first user namespace has all users as they are; any other one maps fewer.
bool is_user_namespace(const base::Host &host)
{
  std::istringstream map(host.machine.text("proc/self/uid_map").value_or("0 0 4294967295"));
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  map >> inside >> outside >> count;
  return outside != 0 || count != 4294967295U;
}

} // namespace

MountStyle mount_style_of(const base::Host &host, const Request &request)
{
  const ClassFacts &class_facts = facts(request.extension_class);
  return {.limits = {.no_set_user = !class_facts.may_set_user,
                     .no_programs = request.no_programs.value_or(!class_facts.may_execute)},
          .options = request.configuration.mount_options,
          .is_user_namespace = is_user_namespace(host)};
}

Action action_for(bool is_merged, bool has_layers, Mutability mutability)
{
  const bool is_wanted = has_layers || mutability != Mutability::no;
  if (is_wanted)
    return is_merged ? Action::replace : Action::merge;
  return is_merged ? Action::unmerge : Action::none;
}

namespace {

std::optional<Generation> held_for(const base::Host &host, const Request &request)
{
  if (request.go_back_to)
    return request.go_back_to;
  if (const auto held = held_generation(host))
    return find_generation(host, *held);
  return std::nullopt;
}

Plan begin_plan(const base::Host &host, const Request &request)
{
  Plan plan;
  plan.request = request;
  plan.hierarchies = find_hierarchies(host, request);
  plan.present = present_generation(host);
  return plan;
}

void choose(const base::Host &host, Plan &plan, Supply &supply, const std::string &settings)
{
  const Class extension_class = plan.request.extension_class;
  SelectionRules rules{.configuration = plan.request.configuration,
                       .fit = plan.request.fit,
                       .merged = merged_extensions(plan),
                       .present = set_of(plan.present, extension_class),
                       .only = {},
                       .target = plan.request.target,
                       .tried = supply.tried};
  if (plan.held)
    rules.only = set_of(*plan.held, extension_class);
  plan.selection = select(host, extension_class, supply.candidates, rules);
  add_faults(plan, supply.hidden, rules.merged);
  for (Omission &each : supply.gone)
    plan.selection.omitted.push_back(std::move(each));
  decide(plan);
  if (check_dangers(host, plan, rules.merged, known_layers(plan, settings)))
    decide(plan);
  if (plan.request.broken == Request::Broken::give_up)
    give_up_on_broken(plan);
}

} // namespace

std::vector<Request> usual_requests(const base::Host &host)
{
  std::vector<Request> requests;
  for (const Class each : {Class::sysext, Class::confext}) {
    if (switched_off(host, each))
      continue;
    Request request;
    request.extension_class = each;
    request.configuration = read_configuration(host, each, std::nullopt, std::nullopt);
    requests.push_back(std::move(request));
  }
  return requests;
}

Plan make_plan(const base::Host &host, const Request &request)
{
  Plan plan = begin_plan(host, request);
  plan.held = held_for(host, request);
  Supply supply = plan.held ? remembered(host, *plan.held, request.extension_class)
                            : installed(host, request.extension_class);
  const std::string settings = stamp_of({}, settings_text(host, request) + supply.settings);
  const std::string stamp = settings + " " + stamp_of(supply.candidates, "");
  const bool may_skip = request.unchanged == Request::Unchanged::skip && !supply.has_faults();

  const std::string present = full_stamp(stamp, merged_now(plan.hierarchies));
  plan.is_unchanged = may_skip && all_merged_say(plan, [&](const Merged &merged) {
                        return merged.stamp == present;
                      });
  if (plan.is_unchanged)
    return plan;

  choose(host, plan, supply, settings);
  plan.origin = origin_of(plan);
  if (!plan.selection.has_broken())
    plan.stamp = full_stamp(stamp, merged_then(plan.hierarchies));
  // What systemd has merged says nothing but its origin.
  plan.is_unchanged = may_skip && merged_now(plan.hierarchies) == merged_then(plan.hierarchies) &&
                      all_merged_say(plan, [&](const Merged &merged) {
                        return merged.stamp.empty() && same_origin(merged.origin, plan.origin);
                      });
  if (plan.is_unchanged)
    for (PlannedHierarchy &each : plan.hierarchies)
      each.action = Action::none;
  return plan;
}

Plan plan_unmerge(const base::Host &host, const Request &request)
{
  Plan plan = begin_plan(host, request);
  for (PlannedHierarchy &each : plan.hierarchies)
    each.action = each.hierarchy.is_merged() ? Action::unmerge : Action::none;
  return plan;
}

namespace {

/// What systemd has merged has no record: only what its releases ask for is known.
UsedSet set_without_record(const base::Host &host, const Plan &plan)
{
  UsedSet set;
  for (const std::string &name : merged_extensions(plan)) {
    UsedExtension &used = set.above.emplace_back();
    used.candidate.image.name = name;
    if (const auto release = read_release(host.root, plan.request.extension_class, name))
      used.wishes = follow_ups(*release);
  }
  return set;
}

/// As systemd's tools have it: whenever something is merged anew, what all of them ask for.
Aftermath wishes_of_all(const UsedSet &before, const UsedSet &after)
{
  Aftermath aftermath;
  for (const UsedSet *set : {&before, &after})
    for (const UsedExtension *used : set->all())
      add_wishes(aftermath.wishes, used->wishes);
  return aftermath;
}

} // namespace

Aftermath planned_aftermath(const base::Host &host, const Plan &plan)
{
  const bool has_change =
      std::any_of(plan.hierarchies.begin(), plan.hierarchies.end(), [](const auto &planned) {
        return planned.action != Action::none;
      });
  if (!has_change || plan.request.service_manager == Request::ServiceManager::leave_alone)
    return {};
  const auto recorded = plan.present.sets.find(plan.request.extension_class);
  const UsedSet before =
      recorded == plan.present.sets.end() ? set_without_record(host, plan) : recorded->second;
  const UsedSet after = plan.selection.used_set();
  Aftermath aftermath = plan.request.told == Request::Told::all ? aftermath_of(before, after)
                                                                : wishes_of_all(before, after);
  return without(std::move(aftermath), read_settings(host).aftermath);
}

} // namespace overlay
