// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

/// Whose the files of a tree become. `recorded` takes the numbers of the source, never its names,
/// and keeps setuid bits and security.* attributes; only root can do that. `own` leaves all files
/// to whoever runs strake, and drops those bits and attributes, which would otherwise mean another
/// user.
enum class Owners { recorded, own };

/// Owners::recorded for root, Owners::own for everybody else.
Owners possible_owners();

/// What an inode carries besides its content.
struct InodeAttributes {
  Attributes attributes{};
  std::vector<ExtendedAttribute> extended{};
};

/// Whether a tree carries this extended attribute over: trusted.overlay.* would change what an
/// overlay shows, and what is not listed here is some file system's own.
bool keeps_extended(std::string_view name, Owners owners);

/// The mode bits that a tree carries over.
mode_t kept_mode(mode_t mode, Owners owners);

/// Makes a tree beneath a directory. Paths are relative, with no "." or ".." in them; "" is the
/// directory itself. Each parent is opened without following a symlink, and nothing is written
/// through a name: a file is new, under a name that was free or was freed.
///
/// A path that leads through a symlink or file, or names a directory where something else is
/// wanted, throws Kind::untrusted. Nothing is durable before the caller syncs the file system.
class TreeWriter {
public:
  TreeWriter(Sys &sys, const Dir &into) : sys_(sys), into_(into) {}

  /// A directory, made if it is missing. Its attributes are set by finish(), and not if it was
  /// there before (but for "").
  void directory(const std::string &path, InodeAttributes attributes);
  /// A new empty file in the place of what was there. Ends with complete().
  [[nodiscard]] Fd file(const std::string &path);
  void complete(Fd file, const InodeAttributes &attributes);
  void
  symlink(const std::string &path, const std::string &target, const InodeAttributes &attributes);
  /// One more name for what this tree has under `target`; its attributes stay.
  void hard_link(const std::string &path, const std::string &target);
  /// A FIFO or device node.
  void node(const std::string &path, mode_t type, dev_t device, const InodeAttributes &attributes);

  /// Sets the attributes of all directories made, children first: what is put into a directory
  /// changes its time, and a mode may forbid to put anything there.
  void finish();

private:
  std::optional<Dir> find(const std::string &path) const;
  const Dir &parent(const std::string &path);
  void clear(const Dir &dir, const std::string &name);
  void set(const Fd &fd, const InodeAttributes &attributes);
  void set_at(const Dir &dir, const std::string &name, const InodeAttributes &attributes);

  Sys &sys_;
  const Dir &into_;
  std::map<std::string, InodeAttributes> directories_; // those made here, and ""
  std::string parent_path_;
  std::optional<Dir> parent_; // the last one, since entries come in groups
};

} // namespace base
