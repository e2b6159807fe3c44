// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/definition.hpp"
#include "updater/file_target.hpp"

#include <string>

namespace updater {

/// A directory or subvolume being installed under a name that nobody takes for it yet.
struct NewTree {
  OpenName place;        ///< the final name
  std::string temporary; ///< the name it has now
  base::Dir dir;
  ResourceKind kind;
};

/// Makes an empty tree under the partial name, taking away one that an earlier run left.
NewTree make_tree(base::Sys &sys, Place &place, const std::string &below, ResourceKind kind);

/// Brings the whole tree to stable storage.
void settle_tree(base::Sys &sys, const NewTree &tree);

/// Gives a tree its next name, `prefix` put before its own. Durable on return.
void publish_tree(base::Sys &sys, NewTree &tree, std::string_view prefix);

/// Protects an installed tree from changes: a subvolume by its read-only flag, a directory by the
/// immutable flag where the file system has one. Only once it has its final name, because an
/// immutable directory cannot get another.
void make_read_only(base::Sys &sys,
                    const Place &place,
                    const std::string &below,
                    ResourceKind kind);

} // namespace updater
