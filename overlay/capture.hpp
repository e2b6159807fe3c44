// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/written.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace overlay {

/// What became of a capture.
struct Captured {
  std::string path; ///< of the new extension, beneath the root
  std::size_t differences = 0;
  std::vector<std::string> hierarchies; ///< those it has something of
  bool masks_directories = false; ///< so that it is left out until that is allowed (see dangers)
};

/// Makes an extension of what written_paths() finds in the hierarchies of a class: a directory that
/// fits this system, in /var/lib/extensions or /var/lib/confexts. What was removed is a whiteout in
/// it, and a directory that was replaced is marked opaque, as overlays know them. Release files of
/// extensions are not taken over; sockets are skipped. What was written stays where it is.
///
/// When it returns the extension is durable. Whatever fails, and if the power goes, there is no
/// extension of this name or the whole one; what a run that was cut has left, which nothing finds,
/// the next one removes. Waits for others who are at work on the extensions.
///
/// Throws Kind::usage if an extension cannot have the name, Kind::busy if there is one of it,
/// Kind::not_found if nothing was written, and Kind::config if that cannot be told from the rest or
/// must not be in an extension.
Captured capture(const base::Host &host, const Request &request, const std::string &name);

} // namespace overlay
