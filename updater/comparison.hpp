// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace updater {

/// "OPERATOR VALUE" as conditions write it: $= and !$= compare with a shell pattern, = and != the
/// text, == <> < <= > >= as versions.
struct Comparison {
  enum class Operator {
    matches,
    matches_not,
    is,
    is_not,
    equal,
    unequal,
    older,
    older_or_equal,
    newer,
    newer_or_equal,
  };

  Operator relation = Operator::matches;
  std::string value{};

  [[nodiscard]] bool holds(const std::string &actual) const;
};

/// Takes an operator off the front of `text`; nothing if there is none.
std::optional<Comparison::Operator> take_operator(std::string_view &text);

/// "KEY OPERATOR VALUE", cut at its operator.
struct KeyComparison {
  std::string key; ///< without spaces at its end
  Comparison::Operator relation;
  std::string rest; ///< after the operator, as it stands there
};

/// Nothing if there is no operator or nothing before it.
std::optional<KeyComparison> split_comparison(std::string_view text);

enum class Case { exact, ignored };

/// True if `text` fits the shell pattern.
bool fits_glob(const std::string &pattern, const std::string &text, Case letters = Case::exact);

} // namespace updater
