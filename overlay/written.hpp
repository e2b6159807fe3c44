// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/plan.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace overlay {

/// A merged hierarchy from three sides, none of which shows what is mounted below it.
struct Views {
  base::Dir merged;
  base::Dir below; ///< all its layers but the one that is written to, and read-only
  base::Dir upper; ///< that one, as it is on disk or in memory, and read-only
};

/// A merged hierarchy that can be written.
struct Written {
  std::string hierarchy; ///< "/usr"
  enum class Place {
    apart,   ///< in a directory of its own, and `views` shows it
    in_base, ///< in the hierarchy itself, so that it cannot be told from what was there before
    unknown, ///< merged by another program, which keeps no way to the layers
  } place = Place::unknown;
  bool is_ephemeral = false; ///< gone when the hierarchy is merged anew
  std::optional<Views> views{};
};

/// Those among `hierarchies` that are merged and can be written. Only root can do it.
///
/// It is told against the very layers that are merged. Of an ephemeral one compose() has hidden
/// them in the metadata directory; else they are opened once more, and Kind::not_found says which
/// is not there any more as it was. A mutable directory is found even if its symlink was changed,
/// and Kind::not_found says if it is not at its place any more.
std::vector<Written> find_written(const base::Host &host,
                                  const Request &request,
                                  const std::vector<std::string> &hierarchies);

/// What is written to in a merged hierarchy, as Views::upper; nothing if it is written to nowhere
/// or that cannot be told. Throws as find_written() does for the mutable directory.
std::optional<base::Dir>
find_upper(const base::Host &host, const Hierarchy &hierarchy, Class extension_class);

/// A path that is not what the layers below have there.
struct WrittenPath {
  enum class Change { added, changed, removed };

  std::string path; ///< in the hierarchy: "share/doc/file"
  Change change = Change::changed;
  mode_t type = 0; ///< S_IFREG, …: of what is there, and of what was removed
  /// Of what was changed: "type", "content", "mode", "owner", "attributes" (extended ones); or
  /// "replaced", of a directory that shows nothing of the one below any more.
  std::vector<std::string_view> what{};
  /// Of such a directory: the extended attribute by which overlays know it.
  std::string opaque_attribute{};
};

/// All differences, a directory before what is in it, else in the byte order of names. Of a
/// directory that was removed only itself is listed, of a new one all that is in it too. Times
/// alone make no difference. Looks only where something was written.
std::vector<WrittenPath> written_paths(const Views &views, Class extension_class);

} // namespace overlay
