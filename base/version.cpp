// SPDX-License-Identifier: Apache-2.0
#include "base/version.hpp"

#include <algorithm>

namespace base {

namespace {

bool is_digit(char letter)
{
  return letter >= '0' && letter <= '9';
}

bool is_alpha(char letter)
{
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

constexpr std::string_view separators = "~-^.";

bool is_compared(char letter)
{
  return is_digit(letter) || is_alpha(letter) || separators.find(letter) != std::string_view::npos;
}

char first_of(std::string_view text)
{
  return text.empty() ? '\0' : text.front();
}

void skip_uncompared(std::string_view &text)
{
  while (!text.empty() && !is_compared(text.front()))
    text.remove_prefix(1);
}

/// Takes the longest run at the front for which `belongs` holds.
std::string_view take_run(std::string_view &text, bool (*belongs)(char))
{
  const auto end = std::find_if_not(text.begin(), text.end(), belongs);
  const auto length = static_cast<std::size_t>(end - text.begin());
  const std::string_view run = text.substr(0, length);
  text.remove_prefix(length);
  return run;
}

/// A segment that begins with `mark` is older than one that does not. Takes the mark off both.
std::strong_ordering compare_mark(std::string_view &one, std::string_view &other, char mark)
{
  const bool one_has = first_of(one) == mark;
  const bool other_has = first_of(other) == mark;
  if (one_has && other_has) {
    one.remove_prefix(1);
    other.remove_prefix(1);
  }
  return other_has <=> one_has;
}

std::strong_ordering compare_numbers(std::string_view one, std::string_view other)
{
  if (one.empty() || other.empty())
    return one.size() <=> other.size(); // letters are older than any number, even than 0
  one.remove_prefix(std::min(one.find_first_not_of('0'), one.size()));
  other.remove_prefix(std::min(other.find_first_not_of('0'), other.size()));
  if (one.size() != other.size()) // without leading zeros the longer number is the larger
    return one.size() <=> other.size();
  return one <=> other;
}

std::strong_ordering compare_segments(std::string_view &one, std::string_view &other)
{
  if (is_digit(first_of(one)) || is_digit(first_of(other)))
    return compare_numbers(take_run(one, is_digit), take_run(other, is_digit));
  return take_run(one, is_alpha) <=> take_run(other, is_alpha);
}

} // namespace

std::strong_ordering compare_versions(std::string_view one, std::string_view other)
{
  for (;;) {
    skip_uncompared(one);
    skip_uncompared(other);
    if (const auto order = compare_mark(one, other, '~'); order != 0)
      return order;
    // Only "~" sorts before the end, so the end is looked at between it and the other marks.
    if (one.empty() || other.empty())
      return one.size() <=> other.size();
    for (const char mark : separators.substr(1))
      if (const auto order = compare_mark(one, other, mark); order != 0)
        return order;
    if (const auto order = compare_segments(one, other); order != 0)
      return order;
  }
}

bool is_valid_version(std::string_view text)
{
  constexpr std::size_t longest = 255; // a file name's limit
  if (text.empty() || text.size() > longest || text == "." || text == "..")
    return false;
  return std::all_of(text.begin(), text.end(), [](char letter) {
    return is_compared(letter) || letter == '+' || letter == '_';
  });
}

} // namespace base
