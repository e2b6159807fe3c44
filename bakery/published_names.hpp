// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"
#include "verity/digest.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace bakery {

/// What a name that was published stands for, for ever.
struct PublishedName {
  verity::Sha256 sha256{};
  std::uint64_t size = 0;
  /// The time of the file, in microseconds since 1970: one of this size and time need not be read
  /// again. Nothing: it was never looked at, or was removed.
  std::optional<std::int64_t> modified_us{};
  /// Since when no index has named it.
  std::optional<std::chrono::sys_seconds> unnamed_since{};

  bool operator==(const PublishedName &) const = default;
};

/// Every name that any index of a repository ever had.
using PublishedNames = std::map<std::string, PublishedName>;

/// Reads `.strake/names.jsonl` in the publisher's own directory. It is no authority: the index is,
/// for what it names; so lines that mean nothing are passed over, and without the file only the
/// names that were withdrawn are forgotten, and files are read once more.
PublishedNames read_published_names(const base::Dir &records);

/// Keeps them, durably.
void write_published_names(base::Sys &sys, const base::Dir &records, const PublishedNames &names);

} // namespace bakery
