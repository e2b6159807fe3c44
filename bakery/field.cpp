// SPDX-License-Identifier: Apache-2.0
#include "bakery/field.hpp"

#include "base/parse.hpp"
#include "base/printable.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace bakery {

using base::Kind;

namespace {

/// How many letters have to be put in, taken out or changed to make one text of the other.
std::size_t edits_between(std::string_view one, std::string_view other)
{
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t changed = corner + (one[i] == other[j] ? 0 : 1);
      corner = row[j + 1];
      row[j + 1] = std::min({corner + 1, row[j] + 1, changed});
    }
  }
  return row.back();
}

std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view> &known)
{
  constexpr std::size_t longest = 40;
  constexpr std::size_t few = 2;
  std::optional<std::string_view> best;
  std::size_t fewest = few + 1;
  if (word.size() <= longest)
    for (const std::string_view each : known)
      if (const std::size_t edits = edits_between(word, each); edits < fewest) {
        fewest = edits;
        best = each;
      }
  return best;
}

std::string_view name(Yaml::Kind kind)
{
  switch (kind) {
  case Yaml::Kind::null:
    return "nothing";
  case Yaml::Kind::scalar:
    return "a text";
  case Yaml::Kind::sequence:
    return "a list";
  case Yaml::Kind::mapping:
    return "a mapping";
  }
  return "?";
}

} // namespace

void FieldReader::fail(const Yaml &value, std::string_view field, std::string_view why) const
{
  base::fail(Kind::config, "{}: {}: {}", place(value), field, why);
}

void FieldReader::fail_unknown(const Yaml &key,
                               std::string_view object,
                               const std::vector<std::string_view> &known) const
{
  const auto meant = nearest(key.text, known);
  const std::string hint = meant ? fmt::format("did you mean \"{}\"?", *meant)
                                 : fmt::format("there are: {}", fmt::join(known, ", "));
  fail(key, object, fmt::format("there is no field \"{}\"; {}", base::printable(key.text), hint));
}

std::string FieldReader::long_text(const Yaml &value, std::string_view field) const
{
  if (value.kind != Yaml::Kind::scalar)
    fail(value, field, fmt::format("a text is expected, not {}", name(value.kind)));
  return value.text;
}

std::string FieldReader::text(const Yaml &value, std::string_view field) const
{
  std::string result = long_text(value, field);
  if (result.empty())
    fail(value, field, "a text is expected; this one is empty");
  if (std::any_of(result.begin(), result.end(), [](char one) {
        return (one >= '\0' && one < ' ') || one == '\x7f';
      }))
    fail(value, field, "a text of one line without control characters is expected");
  return result;
}

bool FieldReader::boolean(const Yaml &value, std::string_view field) const
{
  const std::string word = text(value, field);
  const auto parsed = base::parse_boolean(word);
  if (!parsed)
    fail(value, field, fmt::format("yes or no is expected, not \"{}\"", base::printable(word)));
  return *parsed;
}

std::vector<std::string> FieldReader::texts(const Yaml &value, std::string_view field) const
{
  if (value.kind != Yaml::Kind::sequence)
    return {text(value, field)};
  std::vector<std::string> result;
  for (const Yaml &item : value.items)
    result.push_back(text(item, field));
  return result;
}

std::size_t FieldReader::word(const Yaml &value,
                              std::string_view field,
                              std::span<const std::string_view> words) const
{
  const std::string given = text(value, field);
  const auto found = std::find(words.begin(), words.end(), given);
  if (found == words.end())
    fail(value,
         field,
         fmt::format(
             "one of {} is expected, not \"{}\"", fmt::join(words, ", "), base::printable(given)));
  return static_cast<std::size_t>(found - words.begin());
}

const std::vector<Yaml> &FieldReader::list(const Yaml &value, std::string_view field) const
{
  if (value.kind != Yaml::Kind::sequence)
    fail(
        value,
        field,
        fmt::format("a list is expected (lines that begin with \"- \"), not {}", name(value.kind)));
  return value.items;
}

const std::vector<std::pair<Yaml, Yaml>> &FieldReader::mapping(const Yaml &value,
                                                               std::string_view field) const
{
  if (value.kind != Yaml::Kind::mapping)
    fail(value,
         field,
         fmt::format("fields are expected (lines \"name: value\"), not {}", name(value.kind)));
  return value.fields;
}

std::string FieldReader::relative_path(const Yaml &value, std::string_view field) const
{
  const std::string path = text(value, field);
  if (path.front() == '/')
    fail(value, field, "a path without a leading \"/\" is expected");
  constexpr std::size_t longest = 4095;
  if (path.size() > longest)
    fail(value, field, fmt::format("it is longer than {} bytes", longest));
  std::string result;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string part = path.substr(start, end - start);
    start = end + 1;
    if (part.empty() && start > path.size())
      break; // a "/" at the end
    if (part.empty() || part == "." || part == "..")
      fail(value, field, "a path without empty parts, \".\" and \"..\" is expected");
    result += (result.empty() ? "" : "/") + part;
  }
  return result;
}

std::string FieldReader::absolute_path(const Yaml &value, std::string_view field) const
{
  const std::string path = text(value, field);
  if (path.front() != '/')
    fail(value, field, "a path that begins with \"/\" is expected");
  if (path == "/")
    return "";
  Yaml rest = value;
  rest.text.erase(0, 1);
  return relative_path(rest, field);
}

} // namespace bakery
