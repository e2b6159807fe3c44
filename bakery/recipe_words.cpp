// SPDX-License-Identifier: Apache-2.0
#include "bakery/recipe_words.hpp"

#include "base/architecture.hpp"
#include "base/parse.hpp"
#include "base/printable.hpp"

#include <algorithm>
#include <array>

namespace bakery {

using base::printable;

bool is_letter(char one)
{
  return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z');
}

bool is_digit(char one)
{
  return one >= '0' && one <= '9';
}

bool consists_of(std::string_view text, std::string_view more)
{
  return std::all_of(text.begin(), text.end(), [&](char one) {
    return is_letter(one) || is_digit(one) || more.find(one) != std::string_view::npos;
  });
}

/// As "_" parts name, version and architecture, a name may have none; nor what ends it otherwise.
std::string extension_name(const FieldReader &reader, const Yaml &value)
{
  const std::string name = reader.text(value, "name");
  constexpr std::size_t longest = 128;
  if (!consists_of(name, "-.") || name.front() == '.' || name.front() == '-' ||
      name.size() > longest)
    reader.fail(value,
                "name",
                fmt::format("1 to {} letters, digits, \"-\" and \".\" are expected, of which the "
                            "first is a letter or digit; \"_\" parts a name from its version",
                            longest));
  return name;
}

std::string architecture(const FieldReader &reader, const Yaml &value, std::string_view field)
{
  const std::string word = reader.text(value, field);
  if (word != any_architecture && !base::is_architecture(word))
    reader.fail(value,
                field,
                fmt::format("\"{}\" is no architecture; write it as systemd does (x86-64, arm64, "
                            "riscv64, …), or any",
                            printable(word)));
  return word;
}

std::string unit_name(const FieldReader &reader, const Yaml &value, std::string_view field)
{
  static constexpr std::array<std::string_view, 9> kinds = {".service",
                                                            ".socket",
                                                            ".target",
                                                            ".timer",
                                                            ".path",
                                                            ".mount",
                                                            ".automount",
                                                            ".slice",
                                                            ".swap"};
  const std::string name = reader.text(value, field);
  const bool has_kind = std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) {
    return name.ends_with(kind) && name.size() > kind.size();
  });
  if (!has_kind || !consists_of(name, ":-_.\\@"))
    reader.fail(value, field, "the name of a unit is expected, such as \"web.service\"");
  return name;
}

std::vector<std::string>
unit_names(const FieldReader &reader, const Yaml &value, std::string_view field)
{
  if (value.kind != Yaml::Kind::sequence)
    return {unit_name(reader, value, field)};
  std::vector<std::string> result;
  for (const Yaml &item : value.items)
    result.push_back(unit_name(reader, item, field));
  return result;
}

std::uint64_t number(const FieldReader &reader, const Yaml &value, std::string_view field)
{
  const auto parsed = base::parse_number(reader.text(value, field));
  if (!parsed)
    reader.fail(value, field, "a number without sign and unit is expected");
  return *parsed;
}

std::uint64_t size(const FieldReader &reader, const Yaml &value, std::string_view field)
{
  std::string text = reader.text(value, field);
  unsigned shift = 0;
  constexpr std::string_view units = "KMGT";
  if (const std::size_t unit = units.find(text.back()); unit != std::string_view::npos) {
    shift = static_cast<unsigned>(unit + 1) * 10;
    text.pop_back();
  }
  const auto parsed = base::parse_number(text);
  if (!parsed || *parsed == 0 || *parsed > (~std::uint64_t{0} >> shift))
    reader.fail(value, field, "a size such as 500K, 20M or 1G is expected");
  return *parsed << shift;
}

/// The value, or fields with the value for each architecture.
PerArchitecture
per_architecture(const FieldReader &reader, const Yaml &value, std::string_view field)
{
  PerArchitecture result;
  if (value.kind != Yaml::Kind::mapping) {
    result.values[""] = reader.text(value, field);
    return result;
  }
  for (const auto &[key, each] : value.fields)
    result.values[architecture(reader, key, field)] = reader.text(each, field);
  return result;
}

PerArchitecture sha256(const FieldReader &reader, const Yaml &value, std::string_view field)
{
  PerArchitecture result = per_architecture(reader, value, field);
  for (auto &[architecture, text] : result.values) {
    const auto parsed = verity::parse_sha256(text);
    if (!parsed)
      reader.fail(value, field, "a SHA-256 of 64 hexadecimal digits is expected");
    text = verity::hex(*parsed);
  }
  return result;
}

} // namespace bakery
