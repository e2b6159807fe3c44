// SPDX-License-Identifier: Apache-2.0
#include "updater/setting.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"
#include "base/version.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace updater {

namespace {

constexpr std::string_view a_boolean = "yes or no";
constexpr std::string_view a_version =
    "a version: up to 255 of 0-9 A-Z a-z . - ~ ^ + _, with at least one";
constexpr std::string_view a_url = "a URL with http:// or https://";

bool has_wrong_part(std::string_view path)
{
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..")
      return true;
    begin = end + 1;
  }
  return false;
}

std::string without_trailing_slashes(std::string path)
{
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path;
}

} // namespace

bool is_web_url(std::string_view text)
{
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme) && text.size() > scheme.size())
      return std::all_of(
          text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < 127; });
  return false;
}

bool is_plain_path(std::string_view text)
{
  return text == "/" || (text.starts_with('/') && !has_wrong_part(text.substr(1)));
}

void Setting::ignore(std::string_view expected) const
{
  warnings_.push_back(fmt::format(
      "{}: {}={} was ignored; expected {}", item_.place(), item_.key, item_.value, expected));
}

std::optional<std::string> Setting::expand(std::string_view text) const
{
  char missing = '\0';
  auto result = base::expand_specifiers(text, specifiers_, &missing);
  if (!result)
    ignore(fmt::format("a value without %{}, which this machine doesn't know", missing));
  return result;
}

void Setting::read_boolean(bool &field) const
{
  if (const auto value = base::parse_boolean(item_.value))
    field = *value;
  else
    ignore(a_boolean);
}

void Setting::read_boolean(std::optional<bool> &field) const
{
  const auto value = base::parse_boolean(item_.value);
  if (value || item_.value.empty())
    field = value;
  else
    ignore(a_boolean);
}

void Setting::read_number(std::optional<std::uint64_t> &field) const
{
  const auto value = base::parse_number(item_.value);
  if (value || item_.value.empty())
    field = value;
  else
    ignore("a number from 0 up");
}

void Setting::read_flags(std::optional<std::uint64_t> &field) const
{
  const std::string_view text = item_.value;
  const bool is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const auto value = is_hexadecimal ? base::parse_number(text.substr(2), base::Radix::hexadecimal)
                                    : base::parse_number(text);
  if (value || text.empty())
    field = value;
  else
    ignore("64 bits as 0x and hexadecimal digits, or as a decimal number");
}

void Setting::read_mode(std::optional<mode_t> &field) const
{
  constexpr std::uint64_t all_bits = 07777;
  const auto value = base::parse_number(item_.value, base::Radix::octal);
  if (item_.value.empty())
    field.reset();
  else if (value && *value <= all_bits)
    field = static_cast<mode_t>(*value);
  else
    ignore("an octal mode such as 0644");
}

void Setting::read_uuid(std::optional<base::Uuid> &field) const
{
  const auto value = base::Uuid::parse(item_.value);
  if (value || item_.value.empty())
    field = value;
  else
    ignore("a UUID");
}

void Setting::read_instances(std::uint64_t &field) const
{
  constexpr std::uint64_t fewest = 2;
  if (item_.value.empty()) {
    field = 0;
    return;
  }
  const auto value = base::parse_number(item_.value);
  if (!value)
    return ignore("a number from 2 up");
  if (*value < fewest)
    warnings_.push_back(fmt::format("{}: {}={} is too few to fall back on an older version; "
                                    "taken as {}",
                                    item_.place(),
                                    item_.key,
                                    item_.value,
                                    fewest));
  field = std::max(*value, fewest);
}

void Setting::read_text(std::string &field) const
{
  field = item_.value;
}

void Setting::read_words(std::vector<std::string> &field) const
{
  if (item_.value.empty())
    return field.clear();
  const auto words = base::split_quoted(item_.value);
  if (!words)
    return ignore("words with every quote closed");
  field.insert(field.end(), words->begin(), words->end());
}

void Setting::read_version(std::string &field) const
{
  if (item_.value.empty())
    return field.clear();
  const auto value = expand(item_.value);
  if (value && base::is_valid_version(*value))
    field = *value;
  else if (value)
    ignore(a_version);
}

void Setting::add_version(std::vector<std::string> &field) const
{
  std::string version;
  read_version(version);
  if (item_.value.empty())
    field.clear();
  else if (!version.empty())
    field.push_back(version);
}

void Setting::read_url(std::string &field) const
{
  if (item_.value.empty())
    return field.clear();
  const auto value = expand(item_.value);
  if (value && is_web_url(*value))
    field = *value;
  else if (value)
    ignore(a_url);
}

void Setting::add_url(std::vector<std::string> &field) const
{
  std::string url;
  read_url(url);
  if (item_.value.empty())
    field.clear();
  else if (!url.empty())
    field.push_back(url);
}

void Setting::read_path(std::string &field, bool &is_auto) const
{
  is_auto = item_.value == "auto";
  if (is_auto)
    return field.clear();
  if (const auto value = expand(item_.value))
    field = without_trailing_slashes(*value);
}

void Setting::read_link(std::string &field) const
{
  if (item_.value.empty())
    return field.clear();
  const auto value = expand(item_.value);
  if (!value)
    return;
  const std::string path = without_trailing_slashes(*value);
  if (path.empty() || path == "/" || has_wrong_part(path.substr(path.starts_with('/') ? 1 : 0)))
    return ignore("a path without \".\", \"..\" or \"//\"");
  field = path;
}

void Setting::read_partition_type(verity::PartitionType &field) const
{
  if (item_.value.empty())
    field = {};
  else if (auto type = verity::find_partition_type(item_.value, specifiers_.architecture))
    field = std::move(*type);
  else
    ignore("a UUID, or a name of the Discoverable Partitions Specification such as root-verity");
}

void Setting::add_condition(Subject subject, std::vector<Condition> &field) const
{
  if (item_.value.empty()) {
    std::erase_if(field, [&](const Condition &each) { return each.subject == subject; });
    return;
  }
  std::string_view text = item_.value;
  const auto take = [&](char mark) {
    const bool has_mark = text.starts_with(mark);
    text.remove_prefix(has_mark ? 1 : 0);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return has_mark;
  };
  Condition condition{.subject = subject};
  if (take('|'))
    condition.role = Condition::Role::alternative;
  if (take('!'))
    condition.sense = Condition::Sense::negated;
  condition.parameter = text;
  field.push_back(std::move(condition));
}

void Setting::add_patterns(std::vector<Pattern> &field, AnyDepth any_depth) const
{
  if (item_.value.empty())
    return field.clear();
  const auto words = base::split_escaped(item_.value);
  if (!words)
    return ignore("escapes as in C, such as \\x20 for a space");
  const std::string place = fmt::format("{}: {}={}", item_.place(), item_.key, item_.value);
  for (const std::string &word : *words) {
    const auto text = expand(word);
    if (!text)
      return;
    Pattern pattern = base::during(place, [&] { return Pattern::parse(*text); });
    if (pattern.any_depth() && any_depth == AnyDepth::refused)
      base::fail(base::Kind::config,
                 "{}: \"**/\" tells where to look and not where to put; use it in [Source] only",
                 place);
    if (std::find(field.begin(), field.end(), pattern) == field.end())
      field.push_back(std::move(pattern));
  }
}

} // namespace updater
