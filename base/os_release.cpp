// SPDX-License-Identifier: Apache-2.0
#include "base/os_release.hpp"

#include <algorithm>

namespace base {

namespace {

bool is_name(std::string_view text)
{
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return !text.empty() && (text.front() < '0' || text.front() > '9') &&
         text.find_first_not_of(letters) == std::string_view::npos;
}

/// Takes a quoted part, whose opening quote is gone already, up to and with its end.
std::string take_quoted(std::string_view &text, char quote)
{
  std::string part;
  while (!text.empty() && text.front() != quote) {
    constexpr std::string_view escaped = "\"\\$`";
    if (quote == '"' && text.size() > 1 && text[0] == '\\' &&
        escaped.find(text[1]) != std::string_view::npos)
      text.remove_prefix(1);
    part += text.front();
    text.remove_prefix(1);
  }
  text.remove_prefix(std::min<std::size_t>(1, text.size()));
  return part;
}

std::string unquoted(std::string_view text)
{
  std::string value;
  while (!text.empty()) {
    const char letter = text.front();
    text.remove_prefix(1);
    if (letter == '\'' || letter == '"') {
      value += take_quoted(text, letter);
    } else if (letter == '\\' && !text.empty()) {
      value += text.front();
      text.remove_prefix(1);
    } else {
      value += letter;
    }
  }
  return value;
}

std::string_view trimmed(std::string_view text)
{
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

} // namespace

std::map<std::string, std::string> parse_assignments(std::string_view text)
{
  std::map<std::string, std::string> result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || !is_name(line.substr(0, equals)))
      continue;
    result[std::string(line.substr(0, equals))] = unquoted(line.substr(equals + 1));
  }
  return result;
}

std::map<std::string, std::string> read_os_release(const Dir &root)
{
  for (const char *path : {"etc/os-release", "usr/lib/os-release"})
    if (const auto text = root.text(path))
      return parse_assignments(*text);
  return {};
}

} // namespace base
