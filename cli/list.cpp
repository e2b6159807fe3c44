// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "cli/contents.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "updater/policy.hpp"
#include "updater/state.hpp"
#include "updater/update.hpp"

#include <algorithm>
#include <array>

namespace cli {

namespace {

using updater::Catalog;
using updater::Instance;
using updater::Inventory;
using updater::UpdateSet;

const char *mark(const UpdateSet &set)
{
  if (set.obsolete)
    return "×";
  if (set.installed && (set.partial || set.pending) && set.newest)
    return "⤵";
  if (set.installed && set.newest)
    return "●";
  if (set.installed && set.is_protected)
    return "○";
  if (set.available && set.newest && !set.installed)
    return "↻";
  return " ";
}

std::string yes_no(bool value)
{
  return value ? "yes" : "no";
}

template <typename Lines> void add_new(std::vector<std::string> &all, const Lines &lines)
{
  for (const std::string &line : lines)
    if (std::find(all.begin(), all.end(), line) == all.end())
      all.push_back(line);
}

std::string with_version(std::string text, const std::string &version)
{
  for (std::size_t at = text.find("@v"); at != std::string::npos;
       at = text.find("@v", at + version.size()))
    text.replace(at, 2, version);
  return text;
}

std::vector<std::string> change_logs(const Inventory &inventory, const std::string &version)
{
  std::vector<std::string> urls;
  for (const auto &holding : inventory.holdings)
    for (const std::string &url : holding.transfer.changelog)
      add_new(urls, std::array{with_version(url, version)});
  return urls;
}

void show_all(const Call &call, const Catalog &catalog)
{
  Table table({{"", Align::right},
               {"VERSION", Align::left},
               {"INSTALLED", Align::center},
               {"AVAILABLE", Align::center},
               {"ASSESSMENT", Align::left}});
  const auto check_mark = [&](bool is_set) { return call.symbol(is_set ? "✓" : " "); };
  for (const UpdateSet &set : catalog.sets)
    table.add({call.symbol(mark(set)),
               set.version,
               check_mark(set.installed),
               check_mark(set.available),
               updater::assessment(set)});
  call.print(table.text(call.header()));
}

void print_all(const Call &call, const Inventory &inventory, const Catalog &catalog)
{
  Value json;
  const UpdateSet *newest =
      catalog.newest_installed ? &catalog.sets[*catalog.newest_installed] : nullptr;
  const bool is_pending = newest != nullptr && newest->pending;
  json[is_pending ? "current+pending" : "current"] =
      newest != nullptr ? Value(newest->version) : Value();
  json["all"] = Value::array();
  for (const UpdateSet &set : catalog.sets)
    json["all"].push_back(set.version);
  std::vector<std::string> appstream;
  for (const auto &holding : inventory.holdings)
    add_new(appstream, holding.transfer.appstream);
  json["appstreamUrls"] = appstream;
  call.print_json(json);
}

void print_version(const Call &call, const Inventory &inventory, const UpdateSet &set)
{
  Value json;
  json["version"] = set.version;
  json["newest"] = set.newest;
  json["available"] = set.available;
  json["installed"] = set.installed;
  json["partial"] = set.partial;
  json["pending"] = set.pending;
  json["obsolete"] = set.obsolete;
  json["protected"] = set.is_protected;
  json["incomplete"] = set.incomplete;
  json["changelogUrls"] = change_logs(inventory, set.version);
  json["contents"] = contents_json(inventory.holdings, set);
  call.print_json(json);
}

void show_version(const Call &call, const Inventory &inventory, const UpdateSet &set)
{
  std::string text = fmt::format("{} Version: {}\n", call.symbol(mark(set)), set.version);
  text += fmt::format("    State: {}\n", updater::assessment(set));
  text += fmt::format("Installed: {}{}{}{}{}\n",
                      yes_no(set.installed),
                      set.installed && set.newest ? " (newest)" : "",
                      set.installed && set.pending ? " (pending)" : "",
                      set.partial ? " (partial)" : "",
                      set.installed && set.incomplete ? " (incomplete)" : "");
  text += fmt::format("Available: {}{}\n",
                      yes_no(set.available),
                      set.available && !set.installed && set.newest ? " (newest)" : "");
  text += fmt::format("Protected: {}\n", yes_no(set.installed && set.is_protected));
  text += fmt::format(" Obsolete: {}\n", yes_no(set.obsolete));
  for (const std::string &url : change_logs(inventory, set.version))
    text += fmt::format("ChangeLog: {}\n", url);
  call.print(text + "\n" + contents_table(inventory.holdings, set).text(call.header()));
}

} // namespace

int list(const Call &call)
{
  Inventory inventory = updater::take_inventory(call.host, call.scope());
  const Catalog catalog = updater::survey(call.host, call.scope(), inventory);
  const std::string version = call.argument();
  if (version.empty()) {
    if (call.wants_json())
      print_all(call, inventory, catalog);
    else
      show_all(call, catalog);
    return 0;
  }
  const UpdateSet *set = catalog.find(version);
  if (set == nullptr)
    base::fail(base::Kind::not_found,
               "Update '{}' not found; \"list\" without a version shows those there are",
               version);
  if (call.wants_json())
    print_version(call, inventory, *set);
  else
    show_version(call, inventory, *set);
  return 0;
}

int check_new(const Call &call)
{
  Inventory inventory = updater::take_inventory(call.host, call.scope());
  const Catalog catalog = updater::survey(call.host, call.scope(), inventory);
  const auto state = updater::find_state(call.host);
  const updater::Policy policy =
      state ? updater::read_policy(*state, call.options.component) : updater::Policy{};
  const updater::Choice choice = updater::choose(catalog, policy, "");
  if (call.wants_json()) {
    Value json;
    json["available"] = choice.set != nullptr ? Value(choice.set->version) : Value();
    call.print_json(json);
  } else if (choice.set != nullptr) {
    call.print(choice.set->version + "\n");
  }
  return choice.set != nullptr ? 0 : exit_no;
}

} // namespace cli
