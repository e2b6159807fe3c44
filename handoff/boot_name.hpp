// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace handoff {

/// How often an entry may still be tried, and how often it was: the counters of the Boot Loader
/// Specification, which are part of the file's name. Their widths are kept, because a name that
/// grows cannot be renamed in one step on every vfat.
struct BootTries {
  std::uint64_t left = 0;
  std::uint64_t done = 0;
  std::size_t left_width = 1;
  std::size_t done_width = 0; ///< 0: the name does not say how often

  bool operator==(const BootTries &) const = default;
};

/// The name of a boot entry's file: "os_7+3-0.efi" is the entry "os_7.efi" with three tries left.
struct BootName {
  std::string id; ///< as boot loaders know it: without counters, with its ending
  std::optional<BootTries> tries;

  bool operator==(const BootName &) const = default;
};

/// Nothing if it does not end in `ending` (".conf", ".efi"; in any case of letters, as on vfat) or
/// is nothing but that. What only looks like counters belongs to the id.
std::optional<BootName> parse_boot_name(std::string_view name, std::string_view ending);

/// The file's name again.
std::string text_of(const BootName &name);

} // namespace handoff
