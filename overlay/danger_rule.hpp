// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace overlay {

/// What an extension may do to files of others, or bring along, that is worth a look.
enum class DangerRule {
  shadows_system,    ///< its file lies over another one of the system
  shadows_extension, ///< its file lies over another one of an extension
  whiteout,          ///< it removes a file of the system or of an extension
  type_change,       ///< something of it lies over something of another type
  masks_system,      ///< it hides a directory of the system with all that is in it
  masks_extension,   ///< it hides a directory of an extension with all that is in it
  set_user,          ///< it has programs that run as their owner or group, and nobody signed it
  capabilities,      ///< it has programs with capabilities, and nobody signed it
  device_node,       ///< it has device nodes, and nobody signed it
};

/// What is done about a danger.
enum class Response {
  allow,  ///< nothing
  warn,   ///< it is said when the extension is merged
  refuse, ///< the extension is left out
};

struct DangerFacts {
  DangerRule self;
  std::string_view name; ///< "masks-system", for programs and settings of single extensions
  Response by_default;
  std::string_view does; ///< what the extension does: "it …: /usr/share"; "{}" is the other one
};

/// In the order of the rules.
std::span<const DangerFacts> danger_table();
const DangerFacts &facts(DangerRule rule);
/// Nothing if no rule has this name.
std::optional<DangerRule> find_danger_rule(std::string_view name);

/// "allow", "warn" and "refuse".
std::string_view name(Response response);
std::optional<Response> find_response(std::string_view text);

inline constexpr std::size_t danger_rule_count = 9;

/// The response to each rule.
class DangerPolicy {
public:
  DangerPolicy();

  [[nodiscard]] Response &operator[](DangerRule rule)
  {
    return responses_.at(static_cast<std::size_t>(rule));
  }

  [[nodiscard]] Response operator[](DangerRule rule) const
  {
    return responses_.at(static_cast<std::size_t>(rule));
  }

  bool operator==(const DangerPolicy &) const = default;

private:
  std::array<Response, danger_rule_count> responses_{};
};

} // namespace overlay
