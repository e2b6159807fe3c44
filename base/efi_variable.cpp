// SPDX-License-Identifier: Apache-2.0
#include "base/efi_variable.hpp"

#include <fmt/format.h>

namespace base {

std::optional<std::string>
efi_variable(const Dir &machine, std::string_view variable, std::string_view name_space)
{
  constexpr std::size_t attributes = 4;
  const auto content =
      machine.text(fmt::format("sys/firmware/efi/efivars/{}-{}", variable, name_space));
  if (!content || content->size() < attributes)
    return std::nullopt;
  return content->substr(attributes);
}

bool has_secure_boot(const Dir &machine)
{
  constexpr std::string_view global = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
  return efi_variable(machine, "SecureBoot", global) == std::string(1, '\1');
}

} // namespace base
