// SPDX-License-Identifier: Apache-2.0
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "updater/update.hpp"

namespace cli {

namespace {

using updater::Action;
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

/// How many bytes come over the network, where that is known before they do.
Value bytes_to_write(const Foreseen &foreseen, const Step &step)
{
  if (step.action != Action::acquire)
    return 0;
  if (step.fields.size)
    return *step.fields.size;
  const auto &way = foreseen.inventory.ways[step.transfer];
  const auto &holding = foreseen.inventory.holdings[step.transfer];
  for (const auto &offered : holding.available)
    if (offered.metadata.version == step.fields.version && way.source && way.source->dir)
      if (const auto status = way.source->dir->status(offered.name);
          status && S_ISREG(status->st_mode))
        return static_cast<std::uint64_t>(status->st_size);
  return {};
}

Value step_json(const Foreseen &foreseen, const Step &step)
{
  const auto &holding = foreseen.inventory.holdings[step.transfer];
  Value json;
  json["transfer"] = holding.transfer.id;
  json["action"] = word(step.action);
  json["place"] = place_of(foreseen, step);
  json["name"] = step.name;
  json["bytes"] = bytes_to_write(foreseen, step);
  for (const auto &offered : holding.available)
    if (step.action == Action::acquire && offered.metadata.version == step.fields.version)
      json["from"] = offered.path;
  json["overwrites"] = step.displaced ? Value(step.displaced->metadata.version) : Value();
  json["removes"] = Value::array();
  for (const auto &victim : step.victims)
    json["removes"].push_back(victim.path);
  return json;
}

Value plan_json(const Foreseen &foreseen)
{
  Value json;
  json["version"] = foreseen.choice.set != nullptr ? Value(foreseen.choice.set->version) : Value();
  json["steps"] = Value::array();
  if (foreseen.plan)
    for (const Step &step : foreseen.plan->steps)
      json["steps"].push_back(step_json(foreseen, step));
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

std::string plan_text(const Value &json, Table::Header header)
{
  std::string text = json["version"].is_null()
                         ? "Nothing to do.\n"
                         : fmt::format("Would update to {}.\n", cell(json["version"]));
  Table table({{"TRANSFER"},
               {"ACTION"},
               {"PLACE"},
               {"BYTES", Align::right},
               {"OVERWRITES"},
               {"THEN REMOVES"}});
  for (const Value &step : json["steps"]) {
    std::string removes;
    for (const Value &path : step["removes"])
      removes += (removes.empty() ? "" : " ") + cell(path);
    table.add({cell(step["transfer"]),
               cell(step["action"]),
               cell(step["place"]),
               cell(step["bytes"]),
               cell(step["overwrites"]),
               removes.empty() ? "-" : removes});
  }
  if (!table.empty())
    text += "\n" + table.text(header);
  if (!json["notChosen"].empty())
    text += "\n";
  for (const Value &other : json["notChosen"])
    text += fmt::format("Not {}: {}.\n", cell(other["version"]), cell(other["why"]));
  return text;
}

} // namespace

int plan(const Call &call)
{
  updater::UpdateOptions options;
  options.scope = call.scope();
  options.version = call.argument();
  options.instances_max = call.options.instances_max;
  if (call.options.verb == "acquire")
    options.goal = updater::Goal::acquire;
  const auto foreseen = updater::foresee(call.host, options);
  const Value json = plan_json(*foreseen);
  if (call.wants_json())
    call.print_json(json);
  else
    call.print(plan_text(json, call.header()));
  return 0;
}

} // namespace cli
