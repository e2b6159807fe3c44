// SPDX-License-Identifier: Apache-2.0
#include "handoff/apply_wish.hpp"

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

std::optional<ApplyWish> read_apply_wish(const base::Dir &state)
{
  const Json json = Json::parse(state.text(file_name).value_or(""), nullptr, false);
  if (!json.is_object())
    return std::nullopt;
  const auto when = parse_when(text_of(json, "when"));
  const std::string entry = text_of(json, "entry");
  return when && !entry.empty() ? std::optional(ApplyWish{entry, *when}) : std::nullopt;
}

void write_apply_wish(base::Sys &sys, const base::Dir &state, const ApplyWish &wish)
{
  const Json json = {{"entry", wish.entry}, {"when", name(wish.when)}};
  base::replace_file(
      sys, state, file_name, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

} // namespace handoff
