// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/contents.hpp"
#include "cli/table.hpp"
#include "cli/verbs.hpp"
#include "handoff/service_manager.hpp"

#include <algorithm>

namespace cli {

namespace {

using base::Kind;
using handoff::Amount;
using handoff::ResetForecast;
using handoff::ResetItem;
using handoff::ResetOutlook;
using handoff::ResetRequest;
using Action = ResetRequest::Action;

Value amount_json(const Amount &amount)
{
  return {{"files", amount.files}, {"bytes", amount.bytes}};
}

std::string full_path(const ResetOutlook &place, const ResetItem &item)
{
  return item.below.empty() ? place.path : place.path + "/" + item.below;
}

Value item_json(const ResetOutlook &place, const ResetItem &item)
{
  Value json = {{"path", full_path(place, item)}, {"goes", item.goes}};
  json.update(amount_json(item.amount));
  json["why"] = or_null(item.why);
  return json;
}

Value request_json(const ResetRequest &request)
{
  return {{"action", request.action == Action::reset ? "reset" : "restore"},
          {"time", request.time},
          {"keep", request.keep},
          {"keepMachineId", request.keep_machine_id},
          {"withExtensions", request.with_extensions},
          {"backup", request.backup}};
}

Value forecast_json(const ResetForecast &forecast)
{
  Value json = request_json(forecast.request);
  json["places"] = Value::array();
  for (const ResetOutlook &place : forecast.places) {
    Value items = Value::array();
    for (const ResetItem &item : place.items)
      items.push_back(item_json(place, item));
    json["places"].push_back({{"path", place.path},
                              {"goes", amount_json(place.goes)},
                              {"stays", amount_json(place.stays)},
                              {"items", std::move(items)}});
  }
  json["data"] = Value::array();
  for (const handoff::ExtensionData &each : forecast.data)
    json["data"].push_back({{"extension", each.extension}, {"paths", each.paths}});
  json["unmatched"] = forecast.unmatched;
  return json;
}

std::string amount_text(const Amount &amount)
{
  return fmt::format("{} ({})", amount.files, size_text(amount.bytes));
}

std::string table_text(const ResetForecast &forecast, Table::Header header)
{
  Table table({{"PLACE"}, {"GOES", Align::right}, {"STAYS", Align::right}});
  for (const ResetOutlook &place : forecast.places)
    table.add({base::printable(place.path), amount_text(place.goes), amount_text(place.stays)});
  return table.empty() ? "There is nothing to reset.\n" : table.text(header);
}

std::string stays_text(const ResetForecast &forecast)
{
  constexpr std::size_t most = 30;
  std::string text;
  std::size_t count = 0;
  for (const ResetOutlook &place : forecast.places)
    for (const ResetItem &item : place.items)
      if (!item.goes && ++count <= most)
        text += fmt::format(
            "{}: {}\n", base::printable(full_path(place, item)), base::printable(item.why));
  if (count > most)
    text += fmt::format("and {} more; --json shows all\n", count - most);
  return text.empty() ? "" : "\nWhat stays:\n" + text;
}

/// What becomes of something that an extension has written.
std::string fate_of(const ResetForecast &forecast, const std::string &path)
{
  for (const ResetOutlook &place : forecast.places)
    for (const ResetItem &item : place.items) {
      const std::string whole = full_path(place, item);
      if (whole == path)
        return fmt::format("{}, {}", item.goes ? "goes" : "stays", size_text(item.amount.bytes));
      if (path.starts_with(whole + "/"))
        return item.goes ? "goes" : "stays";
    }
  return "";
}

std::string data_text(const ResetForecast &forecast)
{
  std::string text;
  for (const handoff::ExtensionData &each : forecast.data)
    for (const std::string &path : each.paths)
      if (const std::string fate = fate_of(forecast, path); !fate.empty())
        text += fmt::format(
            "{}: {} {}\n", base::printable(each.extension), base::printable(path), fate);
  return text.empty() ? "" : "\nData of extensions:\n" + text;
}

void show(const Call &call, const ResetForecast &forecast)
{
  for (const std::string &text : forecast.unmatched)
    call.host.say(base::Level::warning, "{} is to be kept, but nothing is there", text);
  if (call.wants_json())
    return call.print_json(forecast_json(forecast));
  if (forecast.request.action == Action::restore)
    return call.print("What was put aside comes back, in place of what has its name.\n");
  call.print(table_text(forecast, call.header()) + stays_text(forecast) + data_text(forecast));
}

/// Shows the request, and has the next boot do it.
int stage(const Call &call, const ResetForecast &forecast)
{
  show(call, forecast);
  if (call.options.dry_run)
    return 0;
  handoff::stage_reset(call.host, forecast.request);
  if (call.options.reboot)
    handoff::request(call.host, handoff::Transition::reboot);
  else if (!call.wants_json())
    call.print("\nThe next boot does it; `strake reset cancel` takes that back.\n");
  return 0;
}

int stage_reset(const Call &call)
{
  const Options &options = call.options;
  std::vector<handoff::ExtensionData> data = handoff::read_extension_data(call.host);
  ResetForecast forecast =
      handoff::foresee_reset(call.host,
                             handoff::reset_request(call.host,
                                                    {.places = options.arguments,
                                                     .keep = options.keep,
                                                     .keep_machine_id = options.keep_machine_id,
                                                     .keep_data = options.keep_data,
                                                     .with_extensions = options.with_extensions,
                                                     .backup = options.backup},
                                                    data));
  forecast.data = std::move(data);
  return stage(call, forecast);
}

int restore(const Call &call)
{
  return stage(call, handoff::foresee_reset(call.host, handoff::restore_request(call.host)));
}

int perform(const Call &call)
{
  if (call.options.dry_run) {
    show(call, handoff::foresee_reset(call.host, handoff::staged_reset(call.host)));
    return 0;
  }
  const ResetRequest request = handoff::perform_reset(call.host);
  if (call.wants_json())
    call.print_json(request_json(request));
  else
    call.print(request.action == Action::reset ? "The reset is done.\n" : "All is back.\n");
  return 0;
}

int cancel(const Call &call)
{
  const bool was_staged =
      call.options.dry_run ? handoff::is_reset_staged(call.host) : handoff::cancel_reset(call.host);
  if (call.wants_json())
    call.print_json({{"wasStaged", was_staged}});
  else if (!was_staged)
    call.print("No reset is staged.\n");
  return was_staged ? 0 : exit_no;
}

int forget(const Call &call)
{
  const ResetRequest backup = handoff::restore_request(call.host);
  if (!call.options.dry_run)
    handoff::forget_backup(call.host);
  if (call.wants_json())
    call.print_json({{"places", backup.places}});
  return 0;
}

struct ActionRow {
  const char *name;
  int (*run)(const Call &);
};

constexpr ActionRow actions[] = {
    {"restore", restore}, {"cancel", cancel}, {"forget-backup", forget}, {"perform", perform}};

/// What is said about a reset means nothing for the actions.
void refuse_options(const Call &call, const char *action)
{
  for (const char *option : {"keep", "keep-machine-id", "keep-data", "with-extensions", "backup"})
    if (call.options.has(option))
      base::fail(
          Kind::usage, "--{} says what a reset is, and means nothing for {}", option, action);
}

} // namespace

int reset(const Call &call)
{
  const auto &arguments = call.options.arguments;
  if (arguments.empty() || arguments.front().starts_with('/'))
    return stage_reset(call);
  const auto *action =
      std::find_if(std::begin(actions), std::end(actions), [&](const ActionRow &row) {
        return row.name == arguments.front();
      });
  if (action == std::end(actions) || arguments.size() > 1)
    base::fail(
        Kind::usage,
        "'reset' takes absolute paths, or one of restore, cancel, forget-backup and perform");
  refuse_options(call, action->name);
  return action->run(call);
}

} // namespace cli
