// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/uuid.hpp"
#include "verity/digest.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace updater {

/// What a name, a partition or a file tells about one instance of a resource. Only the version is
/// always there.
struct Metadata {
  std::string version{};
  std::optional<base::Uuid> partition_uuid{};
  std::optional<std::uint64_t> partition_flags{};
  std::optional<bool> no_auto{};
  std::optional<bool> grow_file_system{};
  std::optional<bool> read_only{};
  std::optional<std::uint64_t> modified_us{}; ///< since the epoch
  std::optional<mode_t> mode{};               ///< permission bits, within 0775
  std::optional<std::uint64_t> size{};        ///< in bytes, after decompression
  std::optional<std::uint64_t> tries_done{};
  std::optional<std::uint64_t> tries_left{};
  std::optional<verity::Sha256> sha256{}; ///< of the bytes as they are downloaded

  bool operator==(const Metadata &) const = default;
};

} // namespace updater
