// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"
#include "base/tree_writer.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace base {

/// Status of what is open. Throws if the kernel does not say it.
struct stat status_of(const Fd &fd);

/// The extended attributes of an open file or directory that a tree carries over, sorted by name.
std::vector<ExtendedAttribute> extended_of(const Fd &fd, Owners owners);

/// Copies one thing after the other into a tree that is being made. Paths in it are relative, as
/// for TreeWriter; symlinks are copied, never followed. Kept are modes, owners (see Owners),
/// modification times to the microsecond, hard links among what is copied, symlinks with any text,
/// FIFOs, device nodes, holes, access control lists, user.* and security.* attributes. Extended
/// attributes of symlinks and special files are left out; sockets are skipped, since they mean
/// nothing without the process that made them. What changes its kind meanwhile throws Kind::busy.
///
/// Nothing is durable before the caller syncs the file system. Memory grows with the number of
/// directories and of files with several names.
class TreeCopy {
public:
  TreeCopy(Sys &sys, const Dir &into);

  /// The directory itself, with none of what is in it; `more` is added to its attributes.
  void directory(const Dir &from,
                 const std::string &path,
                 const std::vector<ExtendedAttribute> &more = {});
  /// What `from` has under `name`; a directory with all that is in it, this being the `depth`-th
  /// level.
  void entry(const Dir &from, const std::string &name, const std::string &path, int depth = 0);
  /// All that is in a directory, at most 400 levels deep.
  void content(const Dir &from, const std::string &path, int depth = 0);

  /// Sets the attributes of the directories: nothing can be added any more.
  void finish() { tree_.finish(); }

  [[nodiscard]] TreeWriter &tree() { return tree_; }

private:
  void file(const Dir &from, const std::string &name, const std::string &path);
  void data(const Fd &from, const Fd &to);
  [[nodiscard]] InodeAttributes attributes(const struct stat &status) const;
  bool link_to_earlier(const struct stat &status, const std::string &path);

  Sys &sys_;
  Owners owners_;
  TreeWriter tree_;
  std::vector<std::byte> buffer_;
  std::map<std::pair<dev_t, ino_t>, std::string> earlier_; // inodes with several names
};

/// Copies all that lies below `from` into a directory, and the attributes of `from` itself onto
/// it, as TreeCopy does. When it throws, the part that was written is left for the caller to
/// remove.
void copy_tree(Sys &sys, const Dir &from, const Dir &into);

} // namespace base
