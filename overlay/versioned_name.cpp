// SPDX-License-Identifier: Apache-2.0
#include "overlay/versioned_name.hpp"

#include "base/architecture.hpp"
#include "base/parse.hpp"
#include "base/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace overlay {

namespace {

constexpr std::uint64_t uncounted = std::numeric_limits<std::uint32_t>::max();

/// What a machine can run besides its own.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> secondary = {{
    {"x86-64", "x86"},
    {"arm64", "arm"},
    {"s390x", "s390"},
    {"ppc64", "ppc"},
    {"ppc64-le", "ppc-le"},
}};

struct Tries {
  std::uint64_t left = uncounted;
  std::uint64_t done = uncounted;
};

std::optional<std::uint64_t> parse_count(std::string_view text)
{
  const auto count = base::parse_number(text);
  return count && *count < uncounted ? count : std::nullopt;
}

/// Takes "+LEFT" or "+LEFT-DONE" off the end. What looks otherwise stays in the text.
Tries take_tries(std::string_view &text)
{
  const std::size_t plus = text.rfind('+');
  if (plus == std::string_view::npos)
    return {};
  const std::string_view counters = text.substr(plus + 1);
  const std::size_t dash = counters.find('-');
  const auto left = parse_count(counters.substr(0, dash));
  const auto done = dash == std::string_view::npos ? std::optional<std::uint64_t>(0)
                                                   : parse_count(counters.substr(dash + 1));
  if (!left || !done)
    return {};
  text = text.substr(0, plus);
  return {*left, *done};
}

/// Takes "_WORD" off the end, and gives the architecture that it names; "" if it names none.
std::string_view take_architecture(std::string_view &text)
{
  const std::size_t underscore = text.rfind('_');
  if (underscore == std::string_view::npos)
    return {};
  const std::string_view word = text.substr(underscore + 1);
  text = text.substr(0, underscore);
  return base::is_architecture(word) ? word : std::string_view{};
}

std::optional<unsigned> foreignness_of(std::string_view wanted, std::string_view own)
{
  if (wanted == own)
    return 0;
  if (wanted.empty())
    return 2;
  const bool runs_too =
      std::find(secondary.begin(), secondary.end(), std::pair(own, wanted)) != secondary.end();
  return runs_too ? std::optional(1U) : std::nullopt;
}

/// Stricter than base::is_valid_version: "_" and "+" mean something else in these names.
bool is_version(std::string_view text)
{
  return base::is_valid_version(text) && text.find_first_of("_+") == std::string_view::npos;
}

} // namespace

std::variant<VersionedName, Misfit> read_versioned_name(const VersionedPlace &place,
                                                        const std::string &file)
{
  const std::string prefix = place.name + "_";
  std::string_view text = file;
  if (text.size() < prefix.size() + place.suffix.size() || !text.starts_with(prefix) ||
      !text.ends_with(place.suffix))
    return Misfit{"version-name", fmt::format("its name is not {}VERSION{}", prefix, place.suffix)};
  text.remove_prefix(prefix.size());
  text.remove_suffix(place.suffix.size());

  const Tries tries = take_tries(text);
  const std::string_view architecture = take_architecture(text);
  const auto foreignness = foreignness_of(architecture, place.architecture);
  if (!foreignness)
    return Misfit{
        "architecture",
        fmt::format("it is for {}, and this machine is {}", architecture, place.architecture)};
  if (!is_version(text))
    return Misfit{"version-name",
                  fmt::format("\"{}\" in its name is no version: those are of letters, digits and "
                              "\".~^-\"",
                              text)};
  return VersionedName{file, std::string(text), *foreignness, tries.left, tries.done};
}

std::strong_ordering compare(const VersionedName &one, const VersionedName &other)
{
  if (const auto order = (one.tries_left != 0) <=> (other.tries_left != 0); order != 0)
    return order;
  if (const auto order = base::compare_versions(one.version, other.version); order != 0)
    return order;
  if (const auto order = other.foreignness <=> one.foreignness; order != 0)
    return order;
  if (const auto order = one.tries_left <=> other.tries_left; order != 0)
    return order;
  if (const auto order = other.tries_done <=> one.tries_done; order != 0)
    return order;
  return one.file <=> other.file;
}

} // namespace overlay
