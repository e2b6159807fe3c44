// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/mount_table.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// A directory whose content a reset takes away; itself it stays.
struct ResetPlace {
  std::string path; ///< as it was named
  base::Dir top;    ///< where what was written to it really lies
  /// Its path and, after symlinks or below an overlay, the real one: both count for what is kept.
  std::vector<std::string> names;
  std::string work{}; ///< what the overlay on it cannot be mounted without; empty: there is none
};

/// Where to look for what was written to a place on which overlays are mounted.
struct WrittenBelow {
  unsigned covers = 0; ///< so many of the topmost mounts are overlays that only show it
  std::string upper{}; ///< the directory that the last of them writes to; empty: what it covers
  std::string work{};  ///< its work directory, which has to be there the next time

  bool operator==(const WrittenBelow &) const = default;
};

/// Decides it by the mounts on a place, the topmost last: what an overlay shows of the system
/// cannot be removed, and would be hidden for good if one tried.
WrittenBelow written_below(const std::vector<overlay::MountLine> &mounts, const std::string &place);

/// What is mounted on a place, below it or above it and is not in the mounts of a unit that has its
/// own, as strake-reset.service: for that these are a copy. Nothing if the unit sees all.
std::optional<std::string> mounted_out_of_sight(const std::vector<overlay::MountLine> &mounts,
                                                const std::string &place);

/// Opens the places that there are and that can be written, each once. Throws Kind::not_found if
/// what was written to one of them is not found, Kind::config if a unit would not see what the
/// machine has there.
std::vector<ResetPlace> open_places(const base::Host &host, const std::vector<std::string> &paths);

/// The path of an open directory beneath the host's root.
std::string path_beneath(const base::Host &host, const base::Fd &fd);

} // namespace handoff
