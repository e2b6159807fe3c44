// SPDX-License-Identifier: Apache-2.0
#include "overlay/danger_check.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"
#include "overlay/settings.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace overlay {

namespace {

using Names = std::vector<std::string>;

constexpr std::size_t shown = 3;

/// "a, b, c and 2 more".
std::string listing(const Names &names, std::size_t most, std::size_t count)
{
  std::string text;
  const std::size_t listed = std::min(names.size(), most);
  for (std::size_t index = 0; index < listed; ++index) {
    const bool is_last = index + 1 == listed && count <= listed;
    text += index == 0 ? "" : is_last ? " and " : ", ";
    text += base::printable(names[index]);
  }
  return count > listed ? fmt::format("{} and {} more", text, count - listed) : text;
}

/// The policy of one extension: that of all, with what is allowed to it.
DangerPolicy policy_for(const Selection &selection, const std::string &name, DangerPolicy policy)
{
  const auto settings = selection.settings.find(name);
  if (settings != selection.settings.end())
    for (const DangerRule rule : settings->second.allowed_dangers)
      policy[rule] = Response::allow;
  return policy;
}

class Check {
public:
  Check(const base::Host &host, const Plan &plan, const std::set<std::string> &known)
      : host_(host), plan_(plan), known_(known), policy_(read_settings(host).dangers)
  {
  }

  DangerReport run()
  {
    DangerReport all;
    for (const PlannedHierarchy &planned : plan_.hierarchies) {
      std::vector<DangerLayer> above = layers(planned.above);
      std::vector<DangerLayer> below = layers(planned.below);
      if (!has_examined(above) && !has_examined(below))
        continue;
      DangerReport report = search(planned.hierarchy, std::move(above), std::move(below));
      std::move(report.dangers.begin(), report.dangers.end(), std::back_inserter(all.dangers));
      all.faults.merge(report.faults);
    }
    return all;
  }

private:
  static bool has_examined(const std::vector<DangerLayer> &layers)
  {
    return std::any_of(
        layers.begin(), layers.end(), [](const DangerLayer &layer) { return layer.is_examined; });
  }

  DangerReport
  search(const Hierarchy &hierarchy, std::vector<DangerLayer> above, std::vector<DangerLayer> below)
  {
    DangerSearch search{.hierarchy = hierarchy.path,
                        .layers = std::move(above),
                        .covered = hierarchy.submounts,
                        .scope = plan_.request.dangers,
                        .indexes_kernel_modules =
                            plan_.request.configuration.indexes_kernel_modules};
    std::optional<ExtensionTree> system;
    if (auto top = find_system_layer(host_, hierarchy)) {
      system.emplace(std::move(*top), hierarchy.path);
      search.layers.push_back({.name = std::string(system_name), .tree = &*system});
    }
    std::move(below.begin(), below.end(), std::back_inserter(search.layers));
    return find_dangers(search);
  }

  [[nodiscard]] std::vector<DangerLayer> layers(const std::vector<const Layer *> &of_plan) const
  {
    std::vector<DangerLayer> layers;
    for (const Layer *layer : of_plan) {
      const std::string &name = layer->candidate.image.name;
      layers.push_back(
          {.name = name,
           .tree = &layer->tree,
           .is_signed = layer->protection == verity::Protection::signed_verity,
           .policy = policy_for(plan_.selection, name, policy_),
           .is_examined = plan_.request.dangers == DangerScope::all || !known_.contains(name)});
    }
    return layers;
  }

  const base::Host &host_;
  const Plan &plan_;
  const std::set<std::string> &known_;
  DangerPolicy policy_;
};

Names names_of(const Selection &selection)
{
  Names names;
  for (const Layer *layer : selection.used())
    names.push_back(layer->candidate.image.name);
  return names;
}

/// Those that could not be read.
std::vector<LeftOut> unreadable(const std::map<std::string, base::Error> &faults,
                                const std::set<std::string> &merged)
{
  std::vector<LeftOut> gone;
  for (const auto &[name, fault] : faults) {
    if (merged.contains(name))
      throw base::Error(fault);
    gone.push_back({name,
                    {.fits = false,
                     .rule = "unreadable",
                     .why = fault.what(),
                     .fix = "replace it by an intact one, or remove it"}});
  }
  return gone;
}

} // namespace

std::vector<LeftOut> refused(const std::vector<Danger> &dangers, const Names &lowest_first)
{
  std::vector<LeftOut> gone;
  std::set<std::string> names;
  for (const std::string &name : lowest_first) {
    std::vector<Danger> counting;
    for (const Danger &each : dangers)
      if (each.extension == name && each.response == Response::refuse &&
          !names.contains(each.other) && (counting.empty() || counting.front().rule == each.rule))
        counting.push_back(each);
    if (counting.empty())
      continue;
    const std::string_view rule = facts(counting.front().rule).name;
    names.insert(name);
    gone.push_back({name,
                    {.fits = false,
                     .rule = std::string(rule),
                     .why = describe(counting),
                     .fix = fmt::format("take that out of the image, or write AllowDangers={} in "
                                        "/etc/strake/extensions/{}.conf",
                                        rule,
                                        name)}});
  }
  return gone;
}

std::string describe(const std::vector<Danger> &of_one_rule)
{
  Names others;
  Names paths;
  std::uint64_t count = 0;
  std::uint64_t not_kept = 0;
  for (const Danger &each : of_one_rule) {
    others.push_back(each.other == system_name ? "the system" : each.other);
    for (const std::string &path : each.paths)
      if (std::find(paths.begin(), paths.end(), path) == paths.end())
        paths.push_back(path);
    count += each.count;
    not_kept += each.count - each.paths.size();
  }
  const std::string_view does = facts(of_one_rule.front().rule).does;
  return fmt::format("{} ({}): {}",
                     fmt::format(fmt::runtime(does), listing(others, shown, others.size())),
                     count,
                     listing(paths, shown, paths.size() + not_kept));
}

std::vector<std::vector<Danger>> by_rule(const std::vector<Danger> &dangers)
{
  std::vector<std::vector<Danger>> groups;
  std::map<std::pair<std::string, DangerRule>, std::size_t> places;
  for (const Danger &each : dangers) {
    const auto [place, is_new] =
        places.emplace(std::pair(each.extension, each.rule), groups.size());
    if (is_new)
      groups.emplace_back();
    groups[place->second].push_back(each);
  }
  return groups;
}

bool check_dangers(const base::Host &host,
                   Plan &plan,
                   const std::set<std::string> &merged,
                   const std::set<std::string> &known)
{
  DangerReport report = Check(host, plan, known).run();
  std::vector<LeftOut> gone = refused(report.dangers, names_of(plan.selection));
  for (LeftOut &each : unreadable(report.faults, merged))
    gone.push_back(std::move(each));
  plan.dangers = std::move(report.dangers);
  if (gone.empty())
    return false;
  leave_out(plan.selection, gone);
  const Names kept = names_of(plan.selection);
  const auto is_kept = [&](const std::string &name) {
    return std::find(kept.begin(), kept.end(), name) != kept.end();
  };
  std::erase_if(plan.dangers, [&](const Danger &each) {
    return is_kept(each.extension) && !each.other.empty() && each.other != system_name &&
           !is_kept(each.other);
  });
  return true;
}

} // namespace overlay
