// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_rules.hpp"

#include "base/error.hpp"
#include "base/handles.hpp"
#include "base/printable.hpp"

#include <regex.h>

#include <algorithm>
#include <array>

namespace handoff {

namespace {

using base::Kind;

void free_expression(regex_t *expression)
{
  ::regfree(expression);
  delete expression; // NOLINT(cppcoreguidelines-owning-memory): the deleter of Expression
}

using Expression = base::Unique<regex_t, free_expression>;

std::string reason(int code, const regex_t *expression)
{
  std::array<char, 200> text{};
  ::regerror(code, expression, text.data(), text.size());
  return text.data();
}

/// Why it is not understood; empty if it is.
std::string compile_into(regex_t &expression, const std::string &text)
{
  const int code = ::regcomp(&expression, text.c_str(), REG_EXTENDED | REG_NOSUB);
  return code == 0 ? "" : reason(code, &expression);
}

Expression compile(const std::string &text)
{
  auto whole = std::make_unique<regex_t>();
  if (const std::string fault = compile_into(*whole, "^(" + text + ")$"); !fault.empty())
    base::fail(Kind::usage, "\"{}\": {}", text, fault);
  return Expression(whole.release());
}

bool matches(const Expression &expression, const std::string &path)
{
  const int code = ::regexec(expression.get(), path.c_str(), 0, nullptr, 0);
  if (code != 0 && code != REG_NOMATCH)
    base::fail(Kind::no_space, "{}: {}", path, reason(code, expression.get()));
  return code == 0;
}

/// Names with one slash before each, and nothing else.
bool is_clean(std::string_view path)
{
  for (const std::string_view part : {"//", "/./", "/../"})
    if (path.find(part) != std::string_view::npos)
      return false;
  return path.starts_with('/') && !path.ends_with('/') && !path.ends_with("/.") &&
         !path.ends_with("/..");
}

/// UTF-8 without control characters: nothing else can be written down or shown.
bool is_text(std::string text)
{
  std::erase(text, '\\');
  return base::printable(text) == text;
}

} // namespace

struct KeepRules::Compiled {
  KeepRule rule;
  Expression expression; ///< null for a plain path
};

bool is_plain_path(std::string_view text)
{
  return text.find_first_of("\\[]()*+?{}|^$") == std::string_view::npos;
}

bool is_beneath(std::string_view path, std::string_view above)
{
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

std::string keep_rule_fault(const std::string &text)
{
  if (!is_text(text))
    return "what is to be kept is not UTF-8, or has control characters in it";
  if (is_plain_path(text))
    return is_clean(text) ? ""
                          : fmt::format("\"{}\" is neither an absolute path, with one slash before "
                                        "each name, nor a regular expression",
                                        text);
  // Without what it will stand in: with parentheses around it "a)(b" would be one.
  regex_t alone{};
  const std::string fault = compile_into(alone, text);
  if (!fault.empty())
    return fmt::format("\"{}\" is no path and no extended regular expression: {}", text, fault);
  ::regfree(&alone);
  return "";
}

KeepRules::KeepRules(std::vector<KeepRule> rules)
{
  for (KeepRule &rule : rules) {
    if (const std::string fault = keep_rule_fault(rule.text); !fault.empty())
      base::fail_message(Kind::usage, fault);
    Expression expression = is_plain_path(rule.text) ? nullptr : compile(rule.text);
    rules_.push_back({std::move(rule), std::move(expression)});
  }
}

KeepRules::KeepRules(KeepRules &&) noexcept = default;
KeepRules::~KeepRules() = default;

const KeepRule *KeepRules::find(const std::string &path) const
{
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const Compiled &each) {
    return each.expression ? matches(each.expression, path) : is_beneath(path, each.rule.text);
  });
  return found == rules_.end() ? nullptr : &found->rule;
}

bool KeepRules::is_on_the_way(const std::string &path) const
{
  return std::any_of(rules_.begin(), rules_.end(), [&](const Compiled &each) {
    return !each.expression && is_beneath(each.rule.text, path);
  });
}

} // namespace handoff
