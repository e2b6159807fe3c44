// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"
#include "handoff/reset_place.hpp"

#include <set>
#include <string>

namespace handoff {

/// Puts what goes into a directory in its place, and back. It is moved, so it keeps all it has
/// (owners, modes, access control lists, all extended attributes, hard links, holes) and takes no
/// room. Only where the kernel does not move something, because it lies in another subvolume or
/// belongs to another project, it is copied as base::TreeCopy does, and then removed.
///
/// After a failure or a power cut everything is at its place or in the backup; once more goes on.
/// Nothing is durable before the caller syncs the file system.
class ResetBackupTree {
public:
  ResetBackupTree(base::Sys &sys, const ResetPlace &place) : sys_(sys), place_(place) {}

  /// `below` is a path in the place. What is in the backup already, of before a cut, stays as it
  /// is, and what has come to its place since then is removed.
  void put_aside(const std::string &below);

  /// All of it, in place of what has the same name; directories are joined, and get the attributes
  /// that they had. The backup is gone afterwards.
  void put_back();

  /// Removes the backup.
  void forget();

private:
  enum class Taken { source_goes, target_goes };

  base::Dir backup_of(const std::string &directory);
  void take_attributes(const base::Dir &from, const base::Dir &to);
  void move(const base::Dir &from, const std::string &name, const base::Dir &to, Taken taken);
  void join(const base::Dir &from, const std::string &name, const base::Dir &to, Taken taken);
  void rename(const base::Dir &from, const std::string &name, const base::Dir &to);
  void copy(const base::Dir &from, const std::string &name, const base::Dir &to);
  void remove(const base::Dir &dir, const std::string &name);

  base::Sys &sys_;
  const ResetPlace &place_;
  std::set<std::string> made_; ///< directories of the backup that are as they should be
};

} // namespace handoff
