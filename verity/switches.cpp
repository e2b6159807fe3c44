// SPDX-License-Identifier: Apache-2.0
#include "verity/switches.hpp"

#include "base/ini.hpp"
#include "base/parse.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace verity {

namespace {

bool is_on(const base::Host &host, std::string_view variable)
{
  const auto value = host.variable(variable);
  return !value || base::parse_boolean(*value).value_or(true);
}

/// What the kernel's command line says last of a key; empty for the bare key. In a key "-" and "_"
/// are the same.
std::optional<std::string> kernel_switch(const base::Host &host, std::string_view key)
{
  std::optional<std::string> found;
  const auto line = host.variable("SYSTEMD_PROC_CMDLINE");
  const auto words =
      base::split_quoted(line ? *line : host.machine.text("proc/cmdline").value_or(""));
  for (const std::string &word : words.value_or(std::vector<std::string>{})) {
    const std::size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    std::replace(name.begin(), name.end(), '-', '_');
    if (name == key)
      found = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  return found;
}

std::string forbidden_by(const base::Host &host)
{
  constexpr std::string_view variable = "SYSTEMD_ALLOW_USERSPACE_VERITY";
  constexpr std::string_view key = "systemd.allow_userspace_verity";
  if (const auto value = host.variable(variable))
    if (!base::parse_boolean(*value).value_or(false))
      return fmt::format("${}={}", variable, *value);
  if (const auto value = kernel_switch(host, key); value && !value->empty())
    if (!base::parse_boolean(*value).value_or(false))
      return fmt::format("{}={} on the kernel's command line", key, *value);
  return {};
}

} // namespace

VeritySwitches read_verity_switches(const base::Host &host)
{
  return {.sidecar = is_on(host, "SYSTEMD_DISSECT_VERITY_SIDECAR"),
          .embedded = is_on(host, "SYSTEMD_DISSECT_VERITY_EMBEDDED"),
          .signature = is_on(host, "SYSTEMD_DISSECT_VERITY_SIGNATURE"),
          .guess = is_on(host, "SYSTEMD_DISSECT_VERITY_GUESS"),
          .userspace_forbidden_by = forbidden_by(host)};
}

} // namespace verity
