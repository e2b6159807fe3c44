// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_request.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "handoff/reset_rules.hpp"

#include <nlohmann/json.hpp>

#include <functional>

namespace handoff {

namespace {

using Json = nlohmann::json;
using Action = ResetRequest::Action;
using base::Kind;

constexpr const char *state_path = "/var/lib/strake";
constexpr const char *request_name = "reset.json";
constexpr const char *backup_name = "reset-backup.json";
/// What a later strake means by a file of another format is not known.
constexpr int format = 1;

Json parse(const std::string &text)
{
  Json json = Json::parse(text);
  if (json.at("format").get<int>() != format)
    base::fail(Kind::config, "its format is not {}", format);
  return json;
}

void check_places(const std::vector<std::string> &places)
{
  for (const std::string &place : places) {
    if (const std::string fault = keep_rule_fault(place); !fault.empty() || !is_plain_path(place))
      base::fail(Kind::config, "\"{}\" is no path", place);
  }
}

ResetRequest request_of(const Json &json)
{
  const auto action = json.at("action").get<std::string>();
  if (action != "reset" && action != "restore")
    base::fail(Kind::config, "\"{}\" is no action", action);
  ResetRequest request{.action = action == "reset" ? Action::reset : Action::restore,
                       .time = json.at("time").get<std::int64_t>(),
                       .places = json.at("places").get<std::vector<std::string>>(),
                       .keep = json.at("keep").get<std::vector<std::string>>(),
                       .keep_machine_id = json.at("keepMachineId").get<bool>(),
                       .with_extensions = json.at("withExtensions").get<bool>(),
                       .backup = json.at("backup").get<bool>()};
  check_places(request.places);
  for (const std::string &rule : request.keep)
    if (const std::string fault = keep_rule_fault(rule); !fault.empty())
      base::fail_message(Kind::config, fault);
  return request;
}

ResetBackup backup_of(const Json &json)
{
  ResetBackup backup{.time = json.at("time").get<std::int64_t>(),
                     .places = json.at("places").get<std::vector<std::string>>()};
  check_places(backup.places);
  return backup;
}

/// Reads a file, whose faults are all of one kind.
template <typename Value>
std::optional<Value> read(const base::Dir &state,
                          const char *name,
                          const std::function<Value(const Json &)> &value_of,
                          std::string_view what_to_do)
{
  const auto text = state.text(name);
  if (!text)
    return std::nullopt;
  std::string why;
  try {
    return value_of(parse(*text));
  } catch (const Json::exception &wrong) {
    why = wrong.what();
  } catch (const base::Error &wrong) {
    why = wrong.what();
  }
  base::fail(Kind::config,
             "{} cannot be understood ({}), so nothing was done; {}",
             state.display(name),
             why,
             what_to_do);
}

bool forget(base::Sys &sys, const base::Dir &state, const char *name)
{
  if (!state.status(name))
    return false;
  sys.remove(state, name, base::Remove::file);
  sys.sync(state);
  return true;
}

} // namespace

base::Dir open_reset_state(const base::Host &host)
{
  return base::make_path(host.sys, host.root, state_path);
}

std::optional<base::Dir> find_reset_state(const base::Host &host)
{
  return host.root.find_dir(state_path);
}

bool has_reset_request(const base::Dir &state)
{
  return state.status(request_name).has_value();
}

std::optional<ResetRequest> read_reset_request(const base::Dir &state)
{
  return read<ResetRequest>(state, request_name, request_of, "`strake reset cancel` forgets it");
}

std::optional<ResetBackup> read_reset_backup(const base::Dir &state)
{
  return read<ResetBackup>(
      state,
      backup_name,
      backup_of,
      fmt::format("correct it, or delete it and {} in each place", reset_backup_name));
}

void write_reset_request(base::Sys &sys, const base::Dir &state, const ResetRequest &request)
{
  const Json json = {{"format", format},
                     {"action", request.action == Action::reset ? "reset" : "restore"},
                     {"time", request.time},
                     {"places", request.places},
                     {"keep", request.keep},
                     {"keepMachineId", request.keep_machine_id},
                     {"withExtensions", request.with_extensions},
                     {"backup", request.backup}};
  base::replace_file(sys, state, request_name, json.dump(2) + "\n");
}

void write_reset_backup(base::Sys &sys, const base::Dir &state, const ResetBackup &backup)
{
  const Json json = {{"format", format}, {"time", backup.time}, {"places", backup.places}};
  base::replace_file(sys, state, backup_name, json.dump(2) + "\n");
}

bool forget_reset_request(base::Sys &sys, const base::Dir &state)
{
  return forget(sys, state, request_name);
}

bool forget_reset_backup(base::Sys &sys, const base::Dir &state)
{
  return forget(sys, state, backup_name);
}

} // namespace handoff
