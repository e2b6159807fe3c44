// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "overlay/danger_rule.hpp"
#include "overlay/layer.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace overlay {

/// What stands for the system where others have the name of an extension.
inline constexpr std::string_view system_name = "(system)";

/// One thing that an extension does to one other layer, or that it is by itself.
struct Danger {
  DangerRule rule = DangerRule::shadows_system;
  std::string extension;
  std::string other; ///< an extension, "(system)", or "" where there is none
  Response response = Response::allow;
  std::uint64_t count = 0;          ///< of the paths
  std::vector<std::string> paths{}; ///< the first of them, "/usr/share/doc"; names as they are

  bool operator==(const Danger &) const = default;
};

/// How many paths of a danger are kept.
inline constexpr std::size_t paths_kept = 10;

/// One layer of a hierarchy, as the search for dangers takes it.
struct DangerLayer {
  std::string name;                    ///< of the extension; system_name for the system's own
  const ExtensionTree *tree = nullptr; ///< must outlive the search
  bool is_signed = false;
  DangerPolicy policy{};
  /// Whether it is to be looked at. What is only between layers that are not is passed over.
  bool is_examined = true;
};

/// Which dangers count: all there are, or those that the policy does not allow.
enum class DangerScope { all, not_allowed };

struct DangerSearch {
  std::string hierarchy;           ///< "/usr"
  std::vector<DangerLayer> layers; ///< the topmost first
  /// Places, relative to the hierarchy, where something else is mounted and stays so.
  std::vector<std::string> covered{};
  DangerScope scope = DangerScope::not_allowed;
  /// Whether indexes of kernel modules are made of all layers, so that none hides another.
  bool indexes_kernel_modules = false;
};

struct DangerReport {
  std::vector<Danger> dangers; ///< in the order of the layers, the topmost first
  /// Extensions in which something could not be read. They are no part of the dangers.
  std::map<std::string, base::Error> faults{};
};

/// Compares the layers of a hierarchy with each other, each with all those under it, whatever lies
/// between: taking a layer away never makes a new danger. Of directories of one name that merge,
/// the content is compared; files with the same content, owner and mode are no danger.
///
/// Works through the directories that an examined layer has, one at a time, and does not go into
/// one in which there can be no danger. In memory are the entries of one directory and the paths
/// that were found, at most paths_kept for two layers and a rule. Throws if the system's own layer
/// cannot be read.
DangerReport find_dangers(const DangerSearch &search);

} // namespace overlay
