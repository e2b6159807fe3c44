// SPDX-License-Identifier: Apache-2.0
#include "overlay/danger_rule.hpp"

#include <algorithm>

namespace overlay {

namespace {

using enum DangerRule;
using enum Response;

// That a file of the system is replaced is what many extensions are made for. That one extension
// replaces a file of another, or removes something, is mostly a mistake, but harms no more than
// that file. A directory of the system that vanishes may take the machine down.
constexpr std::array<DangerFacts, danger_rule_count> table = {{
    {shadows_system, "shadows-system", allow, "it replaces files of {}"},
    {shadows_extension, "shadows-extension", warn, "it replaces files of {}"},
    {whiteout, "whiteout", warn, "it removes files of {}"},
    {type_change, "type-change", warn, "it replaces things of {} by things of another type"},
    {masks_system, "masks-system", refuse, "it hides whole directories of {}"},
    {masks_extension, "masks-extension", warn, "it hides whole directories of {}"},
    {set_user,
     "set-user",
     warn,
     "nobody signed it, and it has programs that run as their owner or group"},
    {capabilities, "capabilities", warn, "nobody signed it, and it has programs with capabilities"},
    {device_node, "device-node", warn, "nobody signed it, and it has device nodes"},
}};

constexpr std::array<std::string_view, 3> responses = {"allow", "warn", "refuse"};

} // namespace

std::span<const DangerFacts> danger_table()
{
  return table;
}

const DangerFacts &facts(DangerRule rule)
{
  return table.at(static_cast<std::size_t>(rule));
}

std::optional<DangerRule> find_danger_rule(std::string_view name)
{
  const auto *const row = std::find_if(
      table.begin(), table.end(), [&](const DangerFacts &each) { return each.name == name; });
  return row == table.end() ? std::nullopt : std::optional(row->self);
}

std::string_view name(Response response)
{
  return responses.at(static_cast<std::size_t>(response));
}

std::optional<Response> find_response(std::string_view text)
{
  const auto *const found = std::find(responses.begin(), responses.end(), text);
  if (found == responses.end())
    return std::nullopt;
  return static_cast<Response>(found - responses.begin());
}

DangerPolicy::DangerPolicy()
{
  for (const DangerFacts &row : table)
    (*this)[row.self] = row.by_default;
}

} // namespace overlay
