// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "handoff/reset_place.hpp"
#include "handoff/reset_rules.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// What one name in a directory leads to, as far as a reset has to know it.
struct ResetEntry {
  mode_t type = 0;            ///< S_IFREG, …
  bool is_mounted_on = false; ///< the top of another file system
  bool cannot_change = false; ///< immutable or append-only (chattr +i, +a)
  std::uint64_t bytes = 0;    ///< on disk
  std::uint64_t names = 1;    ///< hard links
  std::pair<dev_t, ino_t> inode{};
};

/// Without following a symlink; nothing if it is not there any more.
std::optional<ResetEntry> look_at(const base::Dir &dir, const std::string &name);

/// Each level holds a descriptor open; what lies deeper is treated as one thing.
constexpr int deepest_level = 400;

struct Amount {
  std::uint64_t files = 0; ///< with directories and all other kinds
  std::uint64_t bytes = 0; ///< on disk; what has several names counts once

  Amount &operator+=(const Amount &other)
  {
    files += other.files;
    bytes += other.bytes;
    return *this;
  }
};

/// What becomes of a file, or of a directory with all that is below it.
struct ResetItem {
  std::string below; ///< its path in the place, "lib/docker"
  bool goes = false;
  Amount amount{};
  std::string why{};  ///< it stays, as half a sentence
  std::string rule{}; ///< text of the KeepRule by which it does, if it is one
};

/// What becomes of a place. The items are as few as can be; directories that have both in them
/// stay, and are no items.
struct ResetOutlook {
  std::string path;
  std::vector<ResetItem> items{};
  Amount goes{};
  Amount stays{};
};

/// Looks through a place, and decides by the rules alone. What is mounted below stays and is not
/// looked into, and so does what is one of the other `places`. Changes nothing.
ResetOutlook
survey(const ResetPlace &place, const std::vector<ResetPlace> &places, const KeepRules &rules);

} // namespace handoff
