// SPDX-License-Identifier: Apache-2.0
#include "base/durable.hpp"
#include "base/error.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "updater/component.hpp"
#include "updater/definition.hpp"
#include "updater/state.hpp"

#include <algorithm>

namespace cli {

namespace {

using base::Kind;
using updater::Component;
using updater::Definitions;
using updater::Enabled;
using updater::Feature;

std::string check_mark(const Call &call, bool is_set)
{
  return call.symbol(is_set ? "✓" : "✗");
}

std::string suggested_mark(const Call &call, const updater::Suggestion &suggestion)
{
  const std::optional<bool> answer = updater::is_suggested(suggestion, call.host);
  return answer ? check_mark(call, *answer) : "error (Invalid argument)";
}

std::string dash(const std::string &text)
{
  return text.empty() ? "-" : text;
}

std::string joined(const std::vector<std::string> &texts, const char *separator)
{
  std::string all;
  for (const std::string &text : texts)
    all += (all.empty() ? "" : separator) + text;
  return all;
}

Definitions read_all(const Call &call)
{
  return updater::definitions_of(call.host, call.scope());
}

std::vector<std::string> transfers_of(const Definitions &definitions, const std::string &feature)
{
  std::vector<std::string> ids;
  for (const auto *transfers : {&definitions.transfers, &definitions.disabled})
    for (const auto &transfer : *transfers)
      for (const auto *names : {&transfer.features, &transfer.requisite_features})
        if (std::find(names->begin(), names->end(), feature) != names->end())
          ids.push_back(transfer.id);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

void list_features(const Call &call, const Definitions &definitions)
{
  if (call.wants_json()) {
    Value json;
    json["features"] = Value::array();
    for (const Feature &feature : definitions.features)
      json["features"].push_back(feature.id);
    call.print_json(json);
    return;
  }
  if (definitions.features.empty()) {
    call.host.log(base::Level::info, "No features.");
    return;
  }
  Table table({{"ENABLED"}, {"SUGGESTED"}, {"FEATURE"}, {"DESCRIPTION"}, {"DOCUMENTATION"}});
  for (const Feature &feature : definitions.features)
    table.add({check_mark(call, feature.enabled),
               suggested_mark(call, feature.suggestion),
               feature.id,
               dash(feature.description),
               dash(joined(feature.documentation, ", "))});
  call.print(table.text(call.header()));
  if (call.options.legend)
    call.print(fmt::format("\n{} features listed.\n", table.size()));
}

void print_feature(const Call &call, const Feature &feature, const std::vector<std::string> &ids)
{
  const std::optional<bool> suggested = updater::is_suggested(feature.suggestion, call.host);
  Value json;
  json["id"] = feature.id;
  if (!feature.description.empty())
    json["description"] = feature.description;
  if (!feature.documentation.empty())
    json["documentation"] = feature.documentation;
  if (!feature.appstream.empty())
    json["appStream"] = feature.appstream;
  json["enabled"] = feature.enabled;
  if (suggested)
    json["suggested"] = *suggested;
  if (!ids.empty())
    json["transfers"] = ids;
  call.print_json(json);
}

void show_feature(const Call &call, const Feature &feature, const std::vector<std::string> &ids)
{
  const std::optional<bool> suggested = updater::is_suggested(feature.suggestion, call.host);
  const auto yes_no = [](bool value) { return value ? "yes" : "no"; };
  Table table({{"KEY", Align::right}, {"VALUE"}});
  const auto add = [&](const char *key, const std::string &value) {
    if (!value.empty())
      table.add({std::string(key) + ":", value});
  };
  add("Name", feature.id);
  add("Enabled", yes_no(feature.enabled));
  add("Suggested", suggested ? yes_no(*suggested) : "error (Invalid argument)");
  add("Description", feature.description);
  for (const std::string &url : feature.documentation)
    add("Documentation", url);
  add("AppStream", feature.appstream);
  add("Transfers", joined(ids, " "));
  call.print(table.text(call.header()));
}

const Feature &find_feature(const Definitions &definitions, const std::string &name)
{
  const auto found = std::find_if(definitions.features.begin(),
                                  definitions.features.end(),
                                  [&](const Feature &feature) { return feature.id == name; });
  if (found == definitions.features.end())
    base::fail(Kind::not_found, "Optional feature not found: {}", name);
  return *found;
}

std::vector<Component> all_components(const Call &call)
{
  std::vector<Component> all;
  std::vector<std::string> warnings;
  for (const std::string &name : updater::list_components(call.host).names)
    all.push_back(updater::read_component(call.host, name, warnings));
  return all;
}

using DropIns = std::vector<updater::DropIn>;

/// Puts drop-ins in their places, each durably, or says where they would go. The lock is held if
/// anything is written.
void write_all(const Call &call, const DropIns &drop_ins)
{
  const bool is_dry = call.options.dry_run;
  Value paths = Value::array();
  for (const updater::DropIn &drop_in : drop_ins) {
    paths.push_back(drop_in.directory + "/" + drop_in.name);
    if (is_dry)
      continue;
    call.host.say(base::Level::info, "Writing '{}/{}'.", drop_in.directory, drop_in.name);
    const base::Dir dir = base::make_path(call.host.sys, call.host.root, drop_in.directory);
    base::replace_file(call.host.sys, dir, drop_in.name, drop_in.text);
  }
  if (call.wants_json() && call.options.face == Face::strake) {
    Value json;
    json[is_dry ? "wouldWrite" : "written"] = paths;
    call.print_json(json);
  } else if (is_dry) {
    for (const Value &path : paths)
      call.print(fmt::format("would write {}\n", path.get<std::string>()));
    if (paths.empty())
      call.print("Nothing to write.\n");
  }
}

/// The lock, unless nothing is going to be changed.
std::optional<updater::Lock> lock_to_change(const Call &call)
{
  if (call.options.dry_run)
    return std::nullopt;
  return updater::take_lock(call.host, updater::open_state(call.host));
}

/// That the command line says in one way which features it means.
void check_feature_words(const Options &options)
{
  if (!options.arguments.empty() && (options.all_features || options.suggested_features))
    base::fail(Kind::usage,
               "Name features, or say --feature-all or --feature-suggested, but not both.");
  if (options.arguments.empty() && !options.all_features && !options.suggested_features)
    base::fail(Kind::usage,
               "No feature specified; name some, or say --feature-all or --feature-suggested.");
}

/// Names on the command line, or with -a all, or with -s those that suit this machine.
std::vector<std::string> chosen_features(const Call &call, const Definitions &definitions)
{
  const Options &options = call.options;
  std::vector<std::string> names;
  for (const std::string &name : options.arguments) {
    if (!updater::is_valid_feature_name(name))
      base::fail(Kind::usage, "Feature name invalid: {}", name);
    names.push_back(find_feature(definitions, name).id);
  }
  if (options.arguments.empty())
    for (const Feature &feature : definitions.features)
      if (options.all_features ||
          updater::is_suggested(feature.suggestion, call.host).value_or(false))
        names.push_back(feature.id);
  return names;
}

void add_features_of(DropIns &drop_ins,
                     const Call &call,
                     const std::string &component,
                     Enabled enabled)
{
  const updater::DefinitionPlace place{.directory = call.options.definitions,
                                       .component = component};
  const Definitions definitions = updater::read_definitions(call.host, place);
  for (const std::string &name : chosen_features(call, definitions))
    drop_ins.push_back(updater::feature_drop_in(place, name, enabled));
}

int set_features(const Call &call, Enabled enabled)
{
  check_feature_words(call.options);
  const auto lock = lock_to_change(call);
  DropIns drop_ins;
  if (call.options.all_components) {
    if (updater::list_components(call.host).has_default)
      add_features_of(drop_ins, call, "", enabled);
    for (const Component &component : all_components(call))
      add_features_of(drop_ins, call, component.name, enabled);
  } else {
    add_features_of(drop_ins, call, call.options.component, enabled);
  }
  write_all(call, drop_ins);
  return 0;
}

bool suits(const Call &call, const Component &component)
{
  return updater::is_suggested(component.suggestion, call.host).value_or(false);
}

/// That the command line says in one way which components it means.
void check_component_words(const Options &options)
{
  const bool is_named = !options.component.empty();
  const bool several = options.all_components || options.suggested_components;
  if (!options.definitions.empty())
    base::fail(
        Kind::usage, "The --definitions= switch may not be combined with '{}'.", options.verb);
  if (!options.arguments.empty() && (is_named || several))
    base::fail(
        Kind::usage,
        "Name components, or say --component=, --component-all or --component-suggested, but "
        "not both.");
  if (options.arguments.empty() && !is_named && !several)
    base::fail(Kind::usage,
               "No component specified; name some, or say --component-all or "
               "--component-suggested.");
}

std::vector<std::string> chosen_components(const Call &call)
{
  const Options &options = call.options;
  if (!options.component.empty())
    return {options.component};
  if (!options.arguments.empty())
    return options.arguments;
  std::vector<std::string> names;
  for (const Component &component : all_components(call))
    if (options.all_components || suits(call, component))
      names.push_back(component.name);
  return names;
}

int set_components(const Call &call, Enabled enabled)
{
  check_component_words(call.options);
  const auto lock = lock_to_change(call);
  const std::vector<std::string> known = updater::list_components(call.host).names;
  const std::vector<std::string> chosen = chosen_components(call);
  for (const std::string &name : chosen) {
    if (!updater::is_valid_component_name(name))
      base::fail(Kind::usage, "Component name invalid: {}", name);
    if (std::find(known.begin(), known.end(), name) == known.end())
      base::fail(Kind::not_found, "Component not found: {}", name);
  }
  DropIns drop_ins;
  for (const std::string &name : chosen)
    drop_ins.push_back(updater::component_drop_in(name, enabled));
  write_all(call, drop_ins);
  return 0;
}

} // namespace

int features(const Call &call)
{
  const Definitions definitions = read_all(call);
  const std::string name = call.argument();
  if (name.empty()) {
    list_features(call, definitions);
    return 0;
  }
  const Feature &feature = find_feature(definitions, name);
  const std::vector<std::string> ids = transfers_of(definitions, name);
  if (call.wants_json())
    print_feature(call, feature, ids);
  else
    show_feature(call, feature, ids);
  return 0;
}

int components(const Call &call)
{
  if (!call.options.definitions.empty())
    base::fail(Kind::usage, "The --definitions= switch may not be combined with 'components'.");
  const updater::ComponentList list = updater::list_components(call.host);
  if (call.wants_json()) {
    Value json;
    json["default"] = list.has_default;
    json["components"] = list.names;
    call.print_json(json);
    return 0;
  }
  Table table({{"ENABLED"}, {"SUGGESTED"}, {"COMPONENT"}, {"DESCRIPTION"}, {"DOCUMENTATION"}});
  if (list.has_default)
    table.add({"-", "-", "<default>", "Default Component", "-"});
  for (const Component &component : all_components(call))
    table.add({check_mark(call, component.enabled),
               suggested_mark(call, component.suggestion),
               component.name,
               dash(component.description),
               dash(joined(component.documentation, ", "))});
  if (table.empty())
    call.host.log(base::Level::info, "No components defined.");
  else
    call.print(table.text(call.header()));
  return 0;
}

int enable_feature(const Call &call)
{
  return set_features(call, Enabled::yes);
}

int disable_feature(const Call &call)
{
  return set_features(call, Enabled::no);
}

int enable_component(const Call &call)
{
  return set_components(call, Enabled::yes);
}

int disable_component(const Call &call)
{
  return set_components(call, Enabled::no);
}

} // namespace cli
