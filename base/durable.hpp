// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"

#include <string_view>

namespace base {

/// Puts `text` under `name` in `dir`. After it returns the new text is on stable storage; if it
/// throws or the power goes, the old text stands whole (or the new one, if the cut came late).
/// A leftover `.name.new` of an earlier cut is taken away first.
void replace_file(
    Sys &sys, const Dir &dir, std::string_view name, std::string_view text, mode_t mode = 0644);

/// Puts a symlink under `name`, in place of an earlier one; as replace_file.
void replace_symlink(Sys &sys, const Dir &dir, std::string_view name, std::string_view target);

/// Opens a directory below `root`, making what is missing of it; each directory made is durable
/// when this returns.
Dir make_path(Sys &sys, const Dir &root, std::string_view path, mode_t mode = 0755);

/// Removes a file or a directory tree, and a subvolume as one; nothing there is no failure.
/// Symlinks are removed, never followed. The caller syncs `dir`.
void remove_tree(Sys &sys, const Dir &dir, std::string_view name);

/// Whether an open directory is the top of a btrfs subvolume.
bool is_subvolume(const Dir &dir);

} // namespace base
