// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/extension_class.hpp"
#include "overlay/generation.hpp"
#include "overlay/mount_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// In the metadata directory of a hierarchy that can be written: what shows what was written.
constexpr std::string_view kept_views = "strake-written";

/// A hierarchy (/usr, /opt, /etc) as it is on this machine.
struct Hierarchy {
  std::string path;             ///< as it is called, beneath the root: "/usr"
  std::string place;            ///< as the table of mounts calls it; empty if it does not exist
  std::optional<base::Dir> top; ///< what is to be seen there; none if it does not exist
  /// How many overlays of the class lie on it, in most cases one; 0: it is not merged.
  unsigned covers = 0;
  /// How many mounts lie on the directory of `kept_views` in its metadata; see compose().
  unsigned kept_mounts = 0;
  std::vector<std::string> submounts{}; ///< see overlay::submounts; without the metadata directory

  [[nodiscard]] bool is_merged() const { return covers > 0; }
};

/// Looks at a hierarchy. It is merged if an overlay is mounted there whose metadata name its own
/// device: a copy of one, in a backup or an image, is none. Throws Kind::config if it is there but
/// no directory.
Hierarchy find_hierarchy(const base::Host &host,
                         Class extension_class,
                         const std::string &path,
                         const std::vector<MountLine> &table);

/// What the hierarchy is without the overlays of its class; nothing if it does not exist.
std::optional<base::Dir> find_system_layer(const base::Host &host, const Hierarchy &hierarchy);

/// The machine's table of mounts.
std::vector<MountLine> read_mount_table(const base::Host &host);

/// A mutable directory that is written to, and what tells it from any other one at its path.
struct UpperDir {
  std::string path;  ///< beneath the root, without a slash at its beginning
  std::string inode; ///< as inode_text() has it
};

/// What tells a directory from all others as long as it is in use: "8:1 1234".
std::string inode_text(const base::Dir &dir);

/// What a merged hierarchy says of itself.
struct Merged {
  std::vector<std::string> extensions; ///< in the order of their layers, the topmost last
  std::string origin;                  ///< JSON, as systemd 260 and later write it; or empty
  /// Of what it was made from (see overlay/candidate.hpp); empty if it must not be relied on.
  std::string stamp;
  /// That it belongs to, as text_of() has it; empty if it was not strake that merged it.
  std::string generation;
  /// Beneath the root, a name in the directory that holds it; nothing if none was used.
  std::optional<std::string> work_dir;
  std::optional<UpperDir> upper; ///< the mutable directory; known to strake only
  std::uint64_t since_us = 0;    ///< microseconds since 1970
};

/// The file of the metadata that names the mutable directory, as "work_dir" does the work
/// directory; its second line is the inode.
constexpr std::string_view upper_file = "strake-upper";

/// Reads the metadata of a merged hierarchy. Throws Kind::config if they are damaged: the work
/// directory named in them is one that is going to be removed.
Merged read_merged(const Hierarchy &hierarchy, Class extension_class);

/// The generation that is merged now, as the newest of what is merged says it, with the sets of
/// those classes that are. Of number 0 if it was not strake that merged it, or nothing is.
Generation present_generation(const base::Host &host);

/// "/opt/a" as the name of one file: "opt.a".
std::string as_component(const std::string &hierarchy);

} // namespace overlay
