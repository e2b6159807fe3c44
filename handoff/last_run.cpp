// SPDX-License-Identifier: Apache-2.0
#include "handoff/last_run.hpp"

#include "base/durable.hpp"

#include <nlohmann/json.hpp>

namespace handoff {

namespace {

using Json = nlohmann::json;

constexpr const char *file_name = "last-run.json";

} // namespace

std::optional<LastRun> read_last_run(const base::Dir &state)
{
  const Json json = Json::parse(state.text(file_name).value_or(""), nullptr, false);
  if (!json.is_object() || !json.contains("time") || !json["time"].is_number_integer() ||
      !json.contains("failure") || !json["failure"].is_string())
    return std::nullopt;
  return LastRun{json["time"].get<std::int64_t>(), json["failure"].get<std::string>()};
}

void write_last_run(base::Sys &sys, const base::Dir &state, const LastRun &run)
{
  const Json json = {{"time", run.time}, {"failure", run.failure}};
  base::replace_file(
      sys, state, file_name, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

} // namespace handoff
