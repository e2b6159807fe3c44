// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/extension_verbs.hpp"
#include "cli/verbs.hpp"
#include "overlay/danger_check.hpp"
#include "overlay/find.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/kernel_modules.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace cli {

namespace {

using overlay::Action;
using overlay::Layer;
using overlay::Plan;
using overlay::PlannedHierarchy;
using overlay::Request;

/// The plan of a refresh that looks at everything, so that it can say why.
Plan plan_in_full(const base::Host &host, Request request)
{
  request.unchanged = Request::Unchanged::merge_again;
  request.dangers = overlay::DangerScope::all;
  return overlay::make_plan(host, request);
}

/// Whether that refresh would find anything to do.
bool is_unchanged(const base::Host &host, const Request &request)
{
  return overlay::make_plan(host, request).is_unchanged;
}

std::string action_text(const PlannedHierarchy &planned, bool unchanged)
{
  switch (planned.action) {
  case Action::none:
    return "-";
  case Action::merge:
    return "merge";
  case Action::replace:
    return unchanged ? "keep" : "replace";
  case Action::unmerge:
    return "unmerge";
  }
  return "-";
}

/// The layers from the top down, with the system's own among them.
std::vector<std::string> layer_names(const PlannedHierarchy &planned)
{
  std::vector<std::string> names;
  for (const Layer *layer : planned.above)
    names.push_back(layer->candidate.image.name);
  names.emplace_back("(system)");
  for (const Layer *layer : planned.below)
    names.push_back(layer->candidate.image.name);
  return names;
}

void append(std::vector<std::string> &commands, const std::vector<std::string> &more)
{
  commands.insert(commands.end(), more.begin(), more.end());
}

Value json_of(const overlay::Danger &danger)
{
  return {{"extension", danger.extension},
          {"rule", overlay::facts(danger.rule).name},
          {"policy", overlay::name(danger.response)},
          {"other", or_null(danger.other)},
          {"count", danger.count},
          {"paths", danger.paths}};
}

Value json_of(const Plan &plan, bool unchanged)
{
  Value json;
  json["class"] = overlay::name(plan.request.extension_class);
  json["unchanged"] = unchanged;
  json["hierarchies"] = Value::array();
  for (const PlannedHierarchy &planned : plan.hierarchies)
    json["hierarchies"].push_back({{"hierarchy", planned.hierarchy.path},
                                   {"action", action_text(planned, unchanged)},
                                   {"layers", layer_names(planned)}});
  json["leftOut"] = Value::array();
  for (const overlay::Omission &each : plan.selection.omitted)
    json["leftOut"].push_back({{"name", each.image.name},
                               {"path", each.image.path},
                               {"rule", each.verdict.rule},
                               {"why", each.verdict.why},
                               {"fix", each.verdict.fix}});
  json["dangers"] = Value::array();
  for (const overlay::Danger &each : plan.dangers)
    json["dangers"].push_back(json_of(each));
  return json;
}

/// Of the kernels whose modules come from several layers, where they are not known already.
std::vector<std::string> depmod_commands(const base::Host &host, const Plan &plan)
{
  std::vector<std::string> commands;
  if (!plan.request.configuration.indexes_kernel_modules)
    return commands;
  for (const PlannedHierarchy &planned : plan.hierarchies) {
    const bool is_merged = planned.action == Action::merge || planned.action == Action::replace;
    if (!is_merged || planned.hierarchy.path != overlay::kernel_modules_hierarchy)
      continue;
    const auto layers = overlay::module_layers(planned.hierarchy.path,
                                               planned.above,
                                               overlay::find_system_layer(host, planned.hierarchy),
                                               planned.below);
    for (const std::string &kernel : overlay::kernels_to_index(planned.hierarchy, layers))
      commands.push_back("depmod " + kernel);
  }
  return commands;
}

void print_plans(const ExtensionCall &call,
                 const std::vector<Plan> &plans,
                 const std::vector<bool> &unchanged,
                 const std::vector<std::string> &commands)
{
  Table hierarchies({{"HIERARCHY"}, {"ACTION"}, {"LAYERS, THE TOPMOST FIRST"}});
  Table left_out({{"LEFT OUT"}, {"RULE"}, {"WHY"}, {"WHAT TO DO"}});
  Table dangers({{"EXTENSION"}, {"DANGER"}, {"POLICY"}, {"WHAT"}});
  for (std::size_t index = 0; index < plans.size(); ++index) {
    for (const PlannedHierarchy &planned : plans[index].hierarchies)
      hierarchies.add({planned.hierarchy.path,
                       action_text(planned, unchanged[index]),
                       fmt::format("{}", fmt::join(layer_names(planned), " "))});
    for (const overlay::Omission &each : plans[index].selection.omitted)
      left_out.add({each.image.name, each.verdict.rule, each.verdict.why, each.verdict.fix});
    for (const std::vector<overlay::Danger> &group : overlay::by_rule(plans[index].dangers))
      dangers.add({group.front().extension,
                   std::string(overlay::facts(group.front().rule).name),
                   std::string(overlay::name(group.front().response)),
                   overlay::describe(group)});
  }
  call.print(hierarchies.text(call.header()));
  if (!left_out.empty())
    call.print("\n" + left_out.text(call.header()));
  if (!dangers.empty())
    call.print("\n" + dangers.text(call.header()));
  Table follow_ups({{"THEN"}});
  for (const std::string &command : commands)
    follow_ups.add({command});
  if (!follow_ups.empty())
    call.print("\n" + follow_ups.text(call.header()));
}

/// All that is to be said of one name, a line each.
class Explanation {
public:
  Explanation(const ExtensionCall &call, const Request &request)
      : name_(call.options.arguments.front()), plan_(plan_in_full(call.host, request)),
        class_(request.extension_class)
  {
    const overlay::Discovery discovery = overlay::find_images(call.host, class_);
    for (const overlay::Image &image : discovery.images)
      if (image.name == name_)
        image_ = image;
    for (const overlay::Hidden &hidden : discovery.hidden)
      if (hidden.image.name == name_)
        hidden_.push_back(hidden);
  }

  [[nodiscard]] bool knows_it() const { return image_.has_value() || !hidden_.empty(); }

  [[nodiscard]] Value json() const
  {
    Value json;
    json["class"] = overlay::name(class_);
    json["name"] = name_;
    json["path"] = image_ ? Value(image_->path) : Value();
    json["type"] = image_ ? Value(overlay::name(image_->kind)) : Value();
    json["version"] = image_ && !image_->version.empty() ? Value(image_->version) : Value();
    json["hidden"] = Value::array();
    for (const overlay::Hidden &hidden : hidden_)
      json["hidden"].push_back(
          {{"path", hidden.image.path}, {"rule", hidden.rule}, {"why", hidden.why}});
    json["rule"] = nullptr;
    if (const overlay::Omission *omission = find_omission()) {
      json["rule"] = omission->verdict.rule;
      json["why"] = omission->verdict.why;
      json["fix"] = omission->verdict.fix;
    }
    if (const Layer *layer = find_layer())
      json["protection"] = protection_text(layer->protection, layer->signer);
    json["dangers"] = Value::array();
    for (const overlay::Danger &each : dangers())
      json["dangers"].push_back(json_of(each));
    json["hierarchies"] = hierarchies();
    json["merged"] = merged();
    return json;
  }

  [[nodiscard]] std::string text() const
  {
    std::string text = fmt::format("{} ({})\n", base::printable(name_), overlay::name(class_));
    const auto line = [&](std::string_view head, const std::string &what) {
      text += fmt::format("  {:<10} {}\n", fmt::format("{}:", head), what);
    };
    if (image_)
      line("found",
           fmt::format("{}, {}{}",
                       base::printable(image_->path),
                       overlay::name(image_->kind),
                       image_->version.empty() ? "" : ", version " + image_->version));
    for (const overlay::Hidden &hidden : hidden_)
      line("hidden", base::printable(fmt::format("{}: {}", hidden.image.path, hidden.why)));
    if (const overlay::Omission *omission = find_omission()) {
      line("left out", fmt::format("{} ({})", omission->verdict.why, omission->verdict.rule));
      line("to do", omission->verdict.fix);
    }
    if (const Layer *layer = find_layer()) {
      line("fits", "yes");
      line("trust", protection_text(layer->protection, layer->signer));
      line("layer of", fmt::format("{}", fmt::join(hierarchies(), " ")));
    }
    for (const std::vector<overlay::Danger> &group : overlay::by_rule(dangers()))
      line("danger",
           fmt::format("{} ({}, {})",
                       overlay::describe(group),
                       overlay::facts(group.front().rule).name,
                       overlay::name(group.front().response)));
    const auto now = merged();
    line("merged", now.empty() ? "no" : fmt::format("{}", fmt::join(now, " ")));
    return text;
  }

private:
  [[nodiscard]] const overlay::Omission *find_omission() const
  {
    for (const overlay::Omission &each : plan_.selection.omitted)
      if (each.image.name == name_)
        return &each;
    return nullptr;
  }

  [[nodiscard]] const Layer *find_layer() const
  {
    for (const Layer *layer : plan_.selection.used())
      if (layer->candidate.image.name == name_)
        return layer;
    return nullptr;
  }

  [[nodiscard]] std::vector<overlay::Danger> dangers() const
  {
    std::vector<overlay::Danger> found;
    for (const overlay::Danger &each : plan_.dangers)
      if (each.extension == name_)
        found.push_back(each);
    return found;
  }

  /// Where it is going to be a layer.
  [[nodiscard]] std::vector<std::string> hierarchies() const
  {
    std::vector<std::string> found;
    for (const PlannedHierarchy &planned : plan_.hierarchies)
      for (const auto *layers : {&planned.above, &planned.below})
        for (const Layer *layer : *layers)
          if (layer->candidate.image.name == name_)
            found.push_back(planned.hierarchy.path);
    return found;
  }

  /// Where it is one now.
  [[nodiscard]] std::vector<std::string> merged() const
  {
    std::vector<std::string> found;
    for (const PlannedHierarchy &planned : plan_.hierarchies) {
      if (!planned.hierarchy.is_merged())
        continue;
      const auto names = overlay::read_merged(planned.hierarchy, class_).extensions;
      if (std::find(names.begin(), names.end(), name_) != names.end())
        found.push_back(planned.hierarchy.path);
    }
    return found;
  }

  std::string name_;
  Plan plan_;
  overlay::Class class_;
  std::optional<overlay::Image> image_;
  std::vector<overlay::Hidden> hidden_;
};

} // namespace

std::string protection_text(verity::Protection protection, const std::string &signer)
{
  switch (protection) {
  case verity::Protection::unprotected:
    return "unprotected";
  case verity::Protection::encrypted:
    return "encrypted";
  case verity::Protection::verity:
    return "checked against a root hash that nobody signed";
  case verity::Protection::signed_verity:
    return fmt::format("signed, by {}", signer);
  }
  return "";
}

int extension_plan(const ExtensionCall &call)
{
  Value json = Value::array();
  std::vector<Plan> plans;
  std::vector<bool> unchanged;
  overlay::Aftermath aftermath;
  std::vector<std::string> commands;
  for (const Request &request : call.requests()) {
    plans.push_back(plan_in_full(call.host, request));
    unchanged.push_back(is_unchanged(call.host, request));
    const overlay::Aftermath own = overlay::planned_aftermath(call.host, plans.back());
    add(aftermath, own);
    std::vector<std::string> follow_ups = depmod_commands(call.host, plans.back());
    append(commands, follow_ups);
    append(follow_ups, overlay::shown_commands(own));
    json.push_back(json_of(plans.back(), unchanged.back()));
    json.back()["followUps"] = follow_ups;
  }
  append(commands, overlay::shown_commands(aftermath));
  if (call.wants_json())
    call.print_json(json);
  else
    print_plans(call, plans, unchanged, commands);
  return 0;
}

int extension_why(const ExtensionCall &call)
{
  Value json = Value::array();
  std::string text;
  for (const Request &request : call.requests()) {
    const Explanation explanation(call, request);
    if (!explanation.knows_it())
      continue;
    json.push_back(explanation.json());
    text += explanation.text();
  }
  if (json.empty())
    base::fail(base::Kind::not_found,
               "there is no extension {}; `list` shows those there are",
               base::printable(call.options.arguments.front()));
  if (call.wants_json())
    call.print_json(json);
  else
    call.print(text);
  return 0;
}

} // namespace cli
