// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace overlay {

/// The two classes of extension images (UAPI.4): system and configuration extensions.
enum class Class { sysext, confext };

/// Where the two classes differ, all of it. The texts are systemd's own, so that each tool finds
/// what the other one left.
struct ClassFacts {
  Class self;
  std::string_view name;        ///< "sysext"; also the source of its overlays in the mount table
  std::string_view tool;        ///< "systemd-sysext"
  std::string_view plural;      ///< "extensions"; the file of names in the metadata directory
  std::string_view metadata;    ///< ".systemd-sysext", in the top of each merged hierarchy
  std::string_view release_dir; ///< "usr/lib/extension-release.d"
  std::string_view suffix;      ///< ".sysext", which may stand before ".raw"
  std::string_view level_key;   ///< "SYSEXT_LEVEL", in os-release and extension-release
  std::string_view scope_key;   ///< "SYSEXT_SCOPE"
  std::string_view hierarchies_key;     ///< environment: "SYSTEMD_SYSEXT_HIERARCHIES"
  std::string_view mutable_key;         ///< environment: "SYSTEMD_SYSEXT_MUTABLE_MODE"
  std::string_view mount_options_key;   ///< environment: "SYSTEMD_SYSEXT_OVERLAYFS_MOUNT_OPTIONS"
  std::string_view configuration;       ///< "systemd/sysext.conf"
  std::string_view section;             ///< "SysExt", in that file
  std::string_view kernel_switch;       ///< "systemd.sysext", on the kernel command line
  std::string_view image_policy;        ///< the default one
  bool may_set_user;                    ///< set-user-id bits count in what is merged
  bool may_execute;                     ///< programs may be run from what is merged
  std::vector<std::string> hierarchies; ///< "/usr", "/opt"
};

const ClassFacts &facts(Class self);

/// "sysext" and "confext".
std::string_view name(Class self);

/// How a hierarchy takes writes (systemd-sysext(8), Mutable=).
enum class Mutability { no, yes, automatic, import, ephemeral, ephemeral_import };

/// True if what is written is gone when the hierarchy is merged anew.
bool is_ephemeral(Mutability mutability);

/// "no", "yes", "auto", "import", "ephemeral", "ephemeral-import", in this order.
std::span<const std::string_view> mutability_names();
std::string_view name(Mutability mutability);
/// One of the names, or a boolean for yes and no; nothing if it is neither.
std::optional<Mutability> find_mutability(std::string_view text);
/// The same; throws Kind::usage, with what there is.
Mutability parse_mutability(std::string_view text);

} // namespace overlay
