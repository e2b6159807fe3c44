// SPDX-License-Identifier: Apache-2.0
#include "cli/contents.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "handoff/machine_update.hpp"
#include "updater/forecast.hpp"
#include "verity/release_manifest.hpp"

namespace cli {

namespace {

using updater::Action;
using updater::Forecast;
using updater::Foreseen;
using updater::Step;

std::string_view word(Action action)
{
  switch (action) {
  case Action::keep:
    return "keep";
  case Action::publish:
    return "publish";
  case Action::acquire:
    return "acquire";
  }
  return "unknown";
}

std::string place_of(const Foreseen &foreseen, const Step &step)
{
  const auto &holding = foreseen.inventory.holdings[step.transfer];
  if (step.partition != 0)
    return updater::partition_path(holding.target_path, step.partition);
  return holding.target_path + "/" + step.name;
}

Value value_of(const std::optional<std::uint64_t> &bytes)
{
  return bytes ? Value(*bytes) : Value();
}

Value step_json(const Foreseen &foreseen, const Step &step, const updater::Cost &cost)
{
  const auto &holding = foreseen.inventory.holdings[step.transfer];
  Value json;
  json["transfer"] = holding.transfer.id;
  json["action"] = word(step.action);
  json["place"] = place_of(foreseen, step);
  json["name"] = step.name;
  json["fetchBytes"] = value_of(cost.fetch);
  json["earlierBytes"] = cost.there;
  json["writeBytes"] = value_of(cost.write);
  for (const auto &offered : holding.available)
    if (step.action == Action::acquire && offered.metadata.version == step.fields.version)
      json["from"] = offered.path;
  json["overwrites"] = step.displaced ? Value(step.displaced->metadata.version) : Value();
  json["removes"] = Value::array();
  for (const auto &victim : step.victims)
    json["removes"].push_back(victim.path);
  return json;
}

/// When what is chosen comes by itself.
Value turn_of(const Foreseen &foreseen)
{
  const auto *terms = foreseen.choice.set == nullptr
                          ? nullptr
                          : foreseen.catalog.terms_of(foreseen.choice.set->version);
  return terms != nullptr && terms->turn ? Value(verity::text_of(*terms->turn)) : Value();
}

Value plan_json(const Foreseen &foreseen, const Forecast &forecast, const std::string &component)
{
  Value json;
  json["component"] = or_null(component);
  json["version"] = foreseen.choice.set != nullptr ? Value(foreseen.choice.set->version) : Value();
  json["steps"] = Value::array();
  for (std::size_t index = 0; index < forecast.costs.size(); ++index)
    json["steps"].push_back(
        step_json(foreseen, foreseen.plan->steps[index], forecast.costs[index]));
  if (foreseen.plan)
    json["staging"] = {{"path", forecast.staging},
                       {"needed", forecast.staging_to_come},
                       {"free", forecast.staging_free}};
  json["turn"] = turn_of(foreseen);
  json["notChosen"] = Value::array();
  for (const auto &other : foreseen.choice.others) {
    Value reason;
    reason["version"] = other.version;
    reason["why"] = other.why;
    json["notChosen"].push_back(std::move(reason));
  }
  return json;
}

std::string cell(const Value &value)
{
  if (value.is_null())
    return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string size_cell(const Value &bytes)
{
  return bytes.is_null() ? "-" : size_text(bytes.get<std::uint64_t>());
}

/// What waits on disk until it is verified and unpacked, where something does.
std::string staging_text(const Value &json)
{
  if (!json.contains("staging") || json["staging"]["needed"] == 0)
    return "";
  const Value &staging = json["staging"];
  return fmt::format("\n{} of downloads wait in {} until they are verified; {} are free.\n",
                     size_cell(staging["needed"]),
                     cell(staging["path"]),
                     size_cell(staging["free"]));
}

std::string plan_text(const Value &json, updater::Goal goal, Table::Header header)
{
  std::string text = json["version"].is_null()
                         ? "Nothing to do.\n"
                         : fmt::format("Would {} {}.\n",
                                       goal == updater::Goal::acquire ? "acquire" : "update to",
                                       cell(json["version"]));
  Table table({{"TRANSFER"},
               {"ACTION"},
               {"PLACE"},
               {"TO FETCH", Align::right},
               {"TO WRITE", Align::right},
               {"OVERWRITES"},
               {"THEN REMOVES"}});
  for (const Value &step : json["steps"]) {
    std::string removes;
    for (const Value &path : step["removes"])
      removes += (removes.empty() ? "" : " ") + cell(path);
    table.add({cell(step["transfer"]),
               cell(step["action"]),
               cell(step["place"]),
               size_cell(step["fetchBytes"]),
               size_cell(step["writeBytes"]),
               cell(step["overwrites"]),
               removes.empty() ? "-" : removes});
  }
  if (!table.empty())
    text += "\n" + table.text(header);
  text += staging_text(json);
  if (!json["turn"].is_null())
    text +=
        fmt::format("\nBy itself, this machine would take it from {} on.\n", cell(json["turn"]));
  if (!json["notChosen"].empty())
    text += "\n";
  for (const Value &other : json["notChosen"])
    text += fmt::format("Not {}: {}.\n", cell(other["version"]), cell(other["why"]));
  return text;
}

} // namespace

void foretell(const Call &call, const std::string &component)
{
  updater::UpdateOptions options;
  options.scope = call.scope_of(component);
  options.version = call.argument();
  options.instances_max = call.options.instances_max;
  if (call.options.verb == "acquire")
    options.goal = updater::Goal::acquire;
  const auto foreseen = updater::foresee(call.host, options);
  Value json = plan_json(*foreseen, updater::forecast(call.host, *foreseen), component);
  std::vector<handoff::Member> members;
  if (foreseen->plan && options.goal == updater::Goal::install && is_about_machine(call, component))
    members = handoff::foresee_members(call.host, options.scope, foreseen->plan->version);
  if (!members.empty())
    json["extensions"] = members_json(members);
  if (call.wants_json()) {
    call.print_json(json);
    return;
  }
  if (call.options.all_components)
    call.print(component.empty() ? "The host:\n" : fmt::format("Component {}:\n", component));
  call.print(plan_text(json, options.goal, call.header()) + members_text(members));
}

int plan(const Call &call)
{
  foretell(call, call.options.component);
  return 0;
}

} // namespace cli
