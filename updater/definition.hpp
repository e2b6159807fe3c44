// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "base/uuid.hpp"
#include "updater/feature.hpp"
#include "updater/pattern.hpp"
#include "verity/partition_type.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace updater {

enum class ResourceKind { url_file, url_tar, tar, regular_file, directory, subvolume, partition };

/// The word of Type=, for example "url-file".
std::string_view name(ResourceKind kind);

/// What a Path= begins at.
enum class Anchor {
  root,
  esp,
  xbootldr,
  boot,  ///< XBOOTLDR if there is one, else the ESP
  given, ///< what --transfer-source= names; "explicit" in the file
};

/// The word of PathRelativeTo=, for example "explicit".
std::string_view name(Anchor anchor);

/// Where versions come from.
struct Source {
  ResourceKind kind = ResourceKind::url_file; ///< anything but a partition
  std::string path{};                         ///< a URL, or an absolute path below the anchor
  Anchor anchor = Anchor::root;
  std::vector<Pattern> patterns{}; ///< at least one
  std::string
      trust{}; ///< key or root.json by which manifest.json is believed; empty: SHA256SUMS is
  std::string channel{}; ///< of that manifest; empty: any
};

/// Where versions go.
struct Target {
  ResourceKind kind = ResourceKind::regular_file; ///< of those kinds that the source's can become
  std::string path{};                             ///< absolute, below the anchor
  bool path_auto = false; ///< instead of `path`: the disk that holds the system
  Anchor anchor = Anchor::root;
  std::vector<Pattern> patterns{}; ///< at least one; the first one names what is installed
  verity::PartitionType partition_type{};
  std::optional<base::Uuid> partition_uuid{};
  std::optional<std::uint64_t> partition_flags{};
  std::optional<bool> no_auto{};
  std::optional<bool> grow_file_system{};
  std::optional<bool> read_only{};
  std::optional<bool> zero_fill{}; ///< fill the rest with zeros; set by itself for signatures
  std::optional<mode_t> mode{};
  std::optional<std::uint64_t> tries_left{};
  std::optional<std::uint64_t> tries_done{};
  std::uint64_t instances_max = 0; ///< 0: 3 for files and directories, all slots for partitions
  bool remove_temporary = true;
  std::string current_symlink{}; ///< relative to `path`, or absolute; empty: none
};

/// One .transfer file: a resource, and how it gets here.
struct Transfer {
  std::string id{};   ///< the file's name without ".transfer"
  std::string file{}; ///< where it was found
  std::string min_version{};
  std::vector<std::string> protect_versions{};
  std::optional<bool> verify{};         ///< nothing: signatures are checked
  std::vector<std::string> changelog{}; ///< URLs, with @v in them
  std::vector<std::string> appstream{};
  std::vector<std::string> features{};
  std::vector<std::string> requisite_features{};
  Source source{};
  Target target{};
  bool enabled = true; ///< what the features say
};

/// All definitions of the system or of one component.
struct Definitions {
  std::vector<Transfer> transfers{}; ///< the enabled ones, in order of their file names
  std::vector<Transfer> disabled{};  ///< those of features that are off
  std::vector<Feature> features{};   ///< in order of their file names
  std::optional<Component> component{};
  std::vector<std::string> warnings{}; ///< what was passed over, each with its file and line
};

/// Where definitions are looked for.
struct DefinitionPlace {
  std::string directory{}; ///< --definitions=, instead of the search path; empty: not given
  std::string component{}; ///< --component=; empty: the system itself
};

/// Reads and checks all definitions of a place beneath host.root. Throws Kind::config with file,
/// line and what to do if one of them can't mean anything, because an update by the others alone
/// would be half of one. Where none is found the result is empty.
Definitions read_definitions(const base::Host &host, const DefinitionPlace &place);

} // namespace updater
