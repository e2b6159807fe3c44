// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/gpt.hpp"

#include <optional>
#include <vector>

namespace verity {

/// What loaders of the ChromeOS kind (Flatcar's GRUB is one) go by: bits 48 to 56 of the attributes
/// of a partition. They take the highest priority among those that are successful or have a try
/// left, and use up a try of one that is not successful.
struct BootMarks {
  unsigned priority = 0; ///< 0: never
  unsigned tries = 0;    ///< left
  bool is_successful = false;

  [[nodiscard]] bool can_boot() const { return priority > 0 && (is_successful || tries > 0); }

  bool operator==(const BootMarks &) const = default;
};

/// The most that four bits hold, of priority and tries.
constexpr unsigned boot_mark_limit = 15;

/// Whether such loaders look at partitions of this type: ChromeOS kernels, and Flatcar's /usr.
bool has_boot_marks(const base::Uuid &type);

BootMarks boot_marks(const GptEntry &entry);

/// All other bits stay. Fails with Kind::internal on what does not fit.
void set_boot_marks(GptEntry &entry, const BootMarks &marks);

/// The partitions with such marks, in the order in which a loader tries them: by priority, then by
/// number. Those that cannot boot have their place among them.
std::vector<unsigned> boot_order(const GptTable &table);

/// The first of them that can boot; nothing if none can.
std::optional<unsigned> next_to_boot(const GptTable &table);

/// Gives a partition the highest priority, alone, with these tries and success. If there is no
/// higher one, the others that have any are numbered anew, in their order: from right below it
/// down, equal ones equal; more than there are numbers for share the lowest.
void put_first(GptTable &table, unsigned number, const BootMarks &marks);

} // namespace verity
