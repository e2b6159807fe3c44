// SPDX-License-Identifier: Apache-2.0
#include "updater/comparison.hpp"

#include "base/version.hpp"

#include <fnmatch.h>

#include <array>
#include <utility>

namespace updater {

namespace {

using Operator = Comparison::Operator;

// The longer ones first, because "<" begins "<=" and "<>".
constexpr std::array<std::pair<std::string_view, Operator>, 10> operators = {{
    {"!$=", Operator::matches_not},
    {"$=", Operator::matches},
    {"<>", Operator::unequal},
    {"<=", Operator::older_or_equal},
    {">=", Operator::newer_or_equal},
    {"==", Operator::equal},
    {"!=", Operator::is_not},
    {"<", Operator::older},
    {">", Operator::newer},
    {"=", Operator::is},
}};

} // namespace

bool Comparison::holds(const std::string &actual) const
{
  switch (relation) {
  case Operator::matches:
    return fits_glob(value, actual);
  case Operator::matches_not:
    return !fits_glob(value, actual);
  case Operator::is:
    return actual == value;
  case Operator::is_not:
    return actual != value;
  case Operator::equal:
    return base::compare_versions(actual, value) == 0;
  case Operator::unequal:
    return base::compare_versions(actual, value) != 0;
  case Operator::older:
    return base::compare_versions(actual, value) < 0;
  case Operator::older_or_equal:
    return base::compare_versions(actual, value) <= 0;
  case Operator::newer:
    return base::compare_versions(actual, value) > 0;
  case Operator::newer_or_equal:
    return base::compare_versions(actual, value) >= 0;
  }
  return false;
}

std::optional<Operator> take_operator(std::string_view &text)
{
  for (const auto &[word, relation] : operators)
    if (text.starts_with(word)) {
      text.remove_prefix(word.size());
      return relation;
    }
  return std::nullopt;
}

std::optional<KeyComparison> split_comparison(std::string_view text)
{
  const std::size_t at = text.find_first_of("!$<>=");
  if (at == std::string_view::npos || at == 0)
    return std::nullopt;
  std::string_view rest = text.substr(at);
  const auto relation = take_operator(rest);
  const std::string_view key = text.substr(0, at);
  const std::size_t last = key.find_last_not_of(" \t");
  if (!relation || last == std::string_view::npos)
    return std::nullopt;
  return KeyComparison{std::string(key.substr(0, last + 1)), *relation, std::string(rest)};
}

bool fits_glob(const std::string &pattern, const std::string &text, Case letters)
{
  const int flags = letters == Case::ignored ? FNM_CASEFOLD : 0;
  return ::fnmatch(pattern.c_str(), text.c_str(), flags) == 0;
}

} // namespace updater
