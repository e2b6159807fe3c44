// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// Something that a reset leaves as it is, with all that lies below it.
struct KeepRule {
  /// An absolute path; or, if it has one of the characters \[]()*+?{}|^$, an extended regular
  /// expression as egrep has them, which has to match a whole path.
  std::string text;
  std::string why; ///< for people: "strake's records"

  bool operator==(const KeepRule &) const = default;
};

/// Whether a rule of that text is a path and no expression.
bool is_plain_path(std::string_view text);

/// True for "/etc/ssh" and "/etc" or "/etc/ssh".
bool is_beneath(std::string_view path, std::string_view above);

/// Why a text can be no rule, since it is neither an absolute path without "." and ".." in it nor
/// an expression that is understood; empty if it can be one.
std::string keep_rule_fault(const std::string &text);

/// All rules of a reset; they are compiled once.
class KeepRules {
public:
  /// Throws Kind::usage for what can be no rule.
  explicit KeepRules(std::vector<KeepRule> rules);
  KeepRules(KeepRules &&) noexcept;
  ~KeepRules();

  /// The first rule that is about this very path, or about a directory above it that is a plain
  /// path; null if there is none. What lies below a match of an expression is not asked for.
  [[nodiscard]] const KeepRule *find(const std::string &path) const;

  /// True if a plain path leads through this one.
  [[nodiscard]] bool is_on_the_way(const std::string &path) const;

private:
  struct Compiled;
  std::vector<Compiled> rules_;
};

} // namespace handoff
