// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_name.hpp"

#include "base/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace handoff {

namespace {

bool ends_with_any_case(std::string_view name, std::string_view ending)
{
  return name.size() > ending.size() &&
         std::equal(ending.begin(),
                    ending.end(),
                    name.end() - static_cast<std::ptrdiff_t>(ending.size()),
                    [](unsigned char one, unsigned char other) {
                      return std::tolower(one) == std::tolower(other);
                    });
}

/// As boot loaders take it: 32 bits.
std::optional<std::uint64_t> parse_count(std::string_view digits)
{
  constexpr std::uint64_t most = 0xfffffffeU; // one more means "no counter" to systemd-boot
  const auto count = base::parse_number(digits);
  return count && *count <= most ? count : std::nullopt;
}

std::optional<BootTries> parse_tries(std::string_view text)
{
  const std::size_t dash = text.find('-');
  const std::string_view left = text.substr(0, dash);
  const std::string_view done = dash == std::string_view::npos ? "" : text.substr(dash + 1);
  const auto tries_left = parse_count(left);
  const auto tries_done = dash == std::string_view::npos ? 0 : parse_count(done);
  if (!tries_left || !tries_done)
    return std::nullopt;
  return BootTries{*tries_left, *tries_done, left.size(), done.size()};
}

std::size_t ending_at(std::string_view id)
{
  return std::min(id.rfind('.'), id.size());
}

} // namespace

std::optional<BootName> parse_boot_name(std::string_view name, std::string_view ending)
{
  if (!ends_with_any_case(name, ending))
    return std::nullopt;
  const std::string_view stem = name.substr(0, name.size() - ending.size());
  const std::string_view kept = name.substr(stem.size());
  const std::size_t plus = stem.rfind('+');
  if (plus != std::string_view::npos && plus > 0)
    if (const auto tries = parse_tries(stem.substr(plus + 1)))
      return BootName{std::string(stem.substr(0, plus)).append(kept), tries};
  return BootName{std::string(name), std::nullopt};
}

std::string text_of(const BootName &name)
{
  if (!name.tries)
    return name.id;
  const std::size_t stem = ending_at(name.id);
  std::string counters = fmt::format("+{:0{}}", name.tries->left, name.tries->left_width);
  if (name.tries->done_width > 0)
    counters += fmt::format("-{:0{}}", name.tries->done, name.tries->done_width);
  return name.id.substr(0, stem) + counters + name.id.substr(stem);
}

} // namespace handoff
