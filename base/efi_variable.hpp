// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace base {

/// The name space of systemd's boot loader interface.
constexpr std::string_view loader_variables = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// What the firmware holds under this name, as efivarfs shows it but for the attributes. Nothing
/// where there is no such variable, or no EFI at all.
std::optional<std::string>
efi_variable(const Dir &machine, std::string_view variable, std::string_view name_space);

/// Whether the firmware starts nothing but what is signed.
bool has_secure_boot(const Dir &machine);

} // namespace base
