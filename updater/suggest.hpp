// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <optional>
#include <string>
#include <vector>

namespace updater {

/// What SuggestOn…= can ask about the machine.
enum class Subject {
  architecture,
  firmware,
  virtualization,
  host,
  fraction,
  kernel_command_line,
  version,
  credential,
  security,
  os_release,
  machine_tag,
};

/// One SuggestOn…=: a question as in Condition…= of units.
struct Condition {
  enum class Role { required, alternative }; ///< "|" before the value makes it an alternative
  enum class Sense { plain, negated };       ///< "!" negates it

  Subject subject;
  Role role = Role::required;
  Sense sense = Sense::plain;
  std::string parameter{};

  bool operator==(const Condition &) const = default;
};

/// Whether a feature or a component should be offered to this machine.
struct Suggestion {
  std::optional<bool> fixed{};         ///< Suggest=; decides alone if it is set
  std::vector<Condition> conditions{}; ///< else these; without any it is not suggested
};

/// Whether the suggestion holds on this host: all required conditions do, and one of the
/// alternatives if there are any. Nothing if a condition can't be evaluated, which the field shows
/// as "error (Invalid argument)".
std::optional<bool> is_suggested(const Suggestion &suggestion, const base::Host &host);

/// The same for one condition.
std::optional<bool> holds(const Condition &condition, const base::Host &host);

} // namespace updater
