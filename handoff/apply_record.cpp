// SPDX-License-Identifier: Apache-2.0
#include "handoff/apply_record.hpp"

#include "base/durable.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace handoff {

namespace {

using Json = nlohmann::json;

constexpr const char *file_name = "apply.json";

struct WhenRow {
  When when;
  std::string_view name;
};

constexpr std::array rows = {
    WhenRow{When::now, "now"}, WhenRow{When::window, "window"}, WhenRow{When::boot, "boot"}};

std::string text_of(const Json &json, const char *field)
{
  const auto found = json.find(field);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

} // namespace

std::string_view name(When when)
{
  for (const WhenRow &row : rows)
    if (row.when == when)
      return row.name;
  return "";
}

std::optional<When> parse_when(std::string_view text)
{
  for (const WhenRow &row : rows)
    if (row.name == text)
      return row.when;
  return std::nullopt;
}

ApplyRecord read_apply_record(const base::Dir &state, const std::string &entry)
{
  const Json json = Json::parse(state.text(file_name).value_or(""), nullptr, false);
  ApplyRecord record{.entry = entry};
  if (!json.is_object() || text_of(json, "entry") != entry)
    return record;
  record.wish = parse_when(text_of(json, "when"));
  if (json.contains("attempts") && json["attempts"].is_number_unsigned())
    record.attempts = json["attempts"].get<unsigned>();
  if (json.contains("lastAttempt") && json["lastAttempt"].is_number_integer())
    record.last_attempt = json["lastAttempt"].get<std::int64_t>();
  return record;
}

void write_apply_record(base::Sys &sys, const base::Dir &state, const ApplyRecord &record)
{
  const Json json = {{"entry", record.entry},
                     {"when", record.wish ? Json(name(*record.wish)) : Json()},
                     {"attempts", record.attempts},
                     {"lastAttempt", record.last_attempt}};
  base::replace_file(
      sys, state, file_name, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

bool has_apply_record(const base::Dir &state)
{
  return state.status(file_name).has_value();
}

void remove_apply_record(base::Sys &sys, const base::Dir &state)
{
  sys.remove(state, file_name, base::Remove::file);
  sys.sync(state);
}

} // namespace handoff
