// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/metadata.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// How far the installation of an instance has come. On a disk it is the partition type that says
/// so, in a directory a prefix of the name; both as systemd-sysupdate 260 and later write them.
enum class Presence {
  partial,   ///< being written; its content means nothing
  pending,   ///< whole and verified, not in effect
  installed, ///< in effect
};

constexpr std::string_view partial_prefix = ".sysupdate.partial.";
constexpr std::string_view pending_prefix = ".sysupdate.pending.";

/// One version of one resource, on offer or on this machine.
struct Instance {
  Metadata metadata;
  Presence presence = Presence::installed;
  std::string path;       ///< for people: a URL, a path, or "DISK (partition N)"
  std::string name;       ///< below the resource's directory or URL, or the partition's label
  unsigned partition = 0; ///< 1-based number, for partitions
  std::vector<std::string> urls{}; ///< for what is fetched: the same bytes, best mirror first
  std::optional<std::uint64_t> packed_size{}; ///< in bytes, as it is downloaded, if it was promised
};

/// The name without the mark that its last component may carry.
std::string unmarked(const std::string &name);

} // namespace updater
