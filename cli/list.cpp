// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "updater/policy.hpp"
#include "updater/state.hpp"
#include "updater/update.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

namespace cli {

namespace {

using updater::Catalog;
using updater::Instance;
using updater::Inventory;
using updater::UpdateSet;

std::string glyph(const UpdateSet &set)
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

std::string check_mark(bool is_set)
{
  return is_set ? "✓" : " ";
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
  for (const UpdateSet &set : catalog.sets)
    table.add({glyph(set),
               set.version,
               check_mark(set.installed),
               check_mark(set.available),
               updater::assessment(set)});
  call.print(table.text(call.options.legend ? Table::Header::yes : Table::Header::no));
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

std::string local_time(std::uint64_t microseconds)
{
  const auto seconds = static_cast<std::time_t>(microseconds / 1'000'000);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a %Y-%m-%d %H:%M:%S %Z", &parts);
  return {text.data(), length};
}

/// One column of `list VERSION`: its header, its key in JSON, and where its cells come from.
struct Detail {
  const char *header;
  const char *key;
  Align align;
  std::function<Value(const Instance &)> value;
  std::function<std::string(const Value &)> text;
};

template <typename Field> Value value_of(const std::optional<Field> &field)
{
  return field ? Value(*field) : Value();
}

std::string plain(const Value &value)
{
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string word(const Value &value)
{
  return yes_no(value.get<bool>());
}

std::string size_text(const Value &value)
{
  constexpr std::array units = {"B", "K", "M", "G", "T"};
  double size = value.get<double>();
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit)
    size /= 1024;
  return unit == 0 ? fmt::format("{}B", value.get<std::uint64_t>())
                   : fmt::format("{:.4g}{}", size, units[unit]);
}

/// A column whose cells are one field of the metadata.
template <auto Field>
Detail detail(const char *header,
              const char *key,
              Align align,
              std::function<std::string(const Value &)> text)
{
  const auto value = [](const Instance &instance) { return value_of(instance.metadata.*Field); };
  return {header, key, align, value, std::move(text)};
}

Value uuid_of(const Instance &instance)
{
  const auto &field = instance.metadata.partition_uuid;
  return field ? Value(field->text()) : Value();
}

Value digest_of(const Instance &instance)
{
  const auto &field = instance.metadata.sha256;
  return field ? Value(verity::hex(*field)) : Value();
}

std::string flags_text(const Value &value)
{
  return fmt::format("{:x}", value.get<std::uint64_t>());
}

std::string time_text(const Value &value)
{
  return local_time(value.get<std::uint64_t>());
}

std::string mode_text(const Value &value)
{
  return fmt::format("{:04o}", value.get<unsigned>());
}

std::vector<Detail> details()
{
  using updater::Metadata;
  return {
      {"PTUUID", "ptuuid", Align::left, uuid_of, plain},
      detail<&Metadata::partition_flags>("PTFLAGS", "ptflags", Align::right, flags_text),
      detail<&Metadata::modified_us>("MTIME", "mtime", Align::right, time_text),
      detail<&Metadata::mode>("MODE", "mode", Align::right, mode_text),
      detail<&Metadata::size>("SIZE", "size", Align::right, size_text),
      detail<&Metadata::tries_done>("TRIES-DONE", "tries-done", Align::right, plain),
      detail<&Metadata::tries_left>("TRIES-LEFT", "tries-left", Align::right, plain),
      detail<&Metadata::no_auto>("NOAUTO", "noauto", Align::left, word),
      detail<&Metadata::read_only>("RO", "ro", Align::left, word),
      detail<&Metadata::grow_file_system>("GROWFS", "growfs", Align::left, word),
      {"SHA256", "sha256", Align::left, digest_of, plain},
  };
}

struct Row {
  std::string type;
  const Instance *instance;
};

std::vector<Row> rows_of(const Inventory &inventory, const UpdateSet &set)
{
  std::vector<Row> rows;
  for (std::size_t index = 0; index < set.parts.size(); ++index) {
    const auto &part = set.parts[index];
    const auto &transfer = inventory.holdings[index].transfer;
    if (part.on_target)
      rows.push_back({std::string(updater::name(transfer.target.kind)), &*part.on_target});
    else if (part.on_source)
      rows.push_back({std::string(updater::name(transfer.source.kind)), &*part.on_source});
  }
  return rows;
}

/// A column without a single value is left out; UUID and flags, and time and mode, go together.
std::vector<Detail> details_with_values(const std::vector<Row> &rows)
{
  const auto has_value = [&](const Detail &detail) {
    return std::any_of(rows.begin(), rows.end(), [&](const Row &row) {
      return !detail.value(*row.instance).is_null();
    });
  };
  std::vector<Detail> kept;
  for (Detail &detail : details())
    if (has_value(detail))
      kept.push_back(std::move(detail));
  return kept;
}

Value contents_json(const std::vector<Row> &rows)
{
  Value contents = Value::array();
  const std::vector<Detail> columns = details_with_values(rows);
  for (const Row &row : rows) {
    Value entry;
    entry["type"] = row.type;
    entry["path"] = row.instance->path;
    for (const Detail &column : columns)
      entry[column.key] = column.value(*row.instance);
    contents.push_back(std::move(entry));
  }
  return contents;
}

std::string contents_table(const Call &call, const std::vector<Row> &rows)
{
  const std::vector<Detail> columns = details_with_values(rows);
  std::vector<Column> headers = {{"TYPE", Align::left}, {"PATH", Align::left}};
  for (const Detail &column : columns)
    headers.push_back({column.header, column.align});
  Table table(std::move(headers));
  for (const Row &row : rows) {
    std::vector<std::string> cells = {row.type, row.instance->path};
    for (const Detail &column : columns) {
      const Value value = column.value(*row.instance);
      cells.push_back(value.is_null() ? "-" : column.text(value));
    }
    table.add(std::move(cells));
  }
  return table.text(call.options.legend ? Table::Header::yes : Table::Header::no);
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
  json["contents"] = contents_json(rows_of(inventory, set));
  call.print_json(json);
}

void show_version(const Call &call, const Inventory &inventory, const UpdateSet &set)
{
  std::string text = fmt::format("{} Version: {}\n", glyph(set), set.version);
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
  call.print(text + "\n" + contents_table(call, rows_of(inventory, set)));
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
