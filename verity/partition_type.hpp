// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/uuid.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace verity {

/// What a partition is for, by the Discoverable Partitions Specification (UAPI.2). Of a type that
/// the specification doesn't know only the UUID says anything.
struct PartitionType {
  base::Uuid uuid{};
  std::string name{};           ///< as "root-x86-64-verity"; the UUID's text if it has no name
  bool is_discoverable = false; ///< the specification gives it the no-auto and read-only flags
  bool may_grow = false;        ///< and the grow-file-system flag as well
  bool is_signature = false;    ///< a *-verity-sig, whose text ends where zeros begin

  bool operator==(const PartitionType &) const = default;
};

/// The type of that UUID.
PartitionType partition_type_of(const base::Uuid &uuid);

/// The type of that name or UUID; nothing if it is neither. A name without an architecture, such
/// as "usr" or "usr-secondary-verity", means that of `architecture` (a name as of
/// base::architecture_name, such as "arm64"), the machine on which the disk is to run.
std::optional<PartitionType> find_partition_type(std::string_view name,
                                                 std::string_view architecture);

/// What a partition has whose MatchPartitionType= isn't set.
PartitionType linux_generic();

} // namespace verity
