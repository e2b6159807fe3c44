// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/generation.hpp"

#include <set>
#include <string>
#include <vector>

namespace overlay {

/// What became of one extension from one generation to another.
struct Difference {
  std::string change; ///< "added", "removed", "changed", or "moved" if only its place has changed
  Class extension_class = Class::sysext;
  std::string name;
  /// What tells the image before and after: its version and root hash, or its path where it has
  /// neither; of one that has moved what it lies on, as far as both generations have that. Empty
  /// where there is none.
  std::string before{};
  std::string after{};

  bool operator==(const Difference &) const = default;
};

/// The differences, the removed ones first, then those that are in both or new, the lowest layer
/// first.
std::vector<Difference> differences(const Generation &one, const Generation &other);

/// The names of those of a set that are unchanged since another one of this boot, in which nothing
/// that both have lies in another place; none if something does. What is told by a root hash only
/// counts if it was checked against that.
std::set<std::string> unmoved(const UsedSet &before, const UsedSet &after);

} // namespace overlay
