// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"

#include <cstdint>

namespace updater {

enum class Devices { refuse, allow };

/// Whose the files become. `recorded` takes the archive's numbers, never its names, and keeps
/// setuid bits and security.* attributes; only root can do that. `own` leaves all files to whoever
/// runs strake, and drops those bits and attributes, which would otherwise mean another user.
enum class Owners { recorded, own };

/// Owners::recorded for root, Owners::own for everybody else.
Owners possible_owners();

struct TreeLimits {
  /// The most bytes of the archive once unpacked, and of all files' lengths (holes count).
  std::uint64_t size;
  std::uint64_t entries = 4'000'000;
  Devices devices = Devices::refuse;
  Owners owners = possible_owners();
};

/// Unpacks a tar archive (ustar, pax, GNU; compressed as detect_compression knows) into a
/// directory. Kept: modes, owners (see Owners), modification times to the microsecond, hard links,
/// symlinks with any text, FIFOs, holes, access control lists, user.* and security.* attributes.
/// Other attributes are left out, because trusted.overlay.* would change what an overlay shows; so
/// are inode flags, which could keep the tree from being removed. Names in pax headers must be
/// UTF-8, and come out with accents composed (NFC); in the other formats they are bytes.
///
/// Nothing outside `into` is made, changed or linked to, whatever the archive says: each parent
/// directory is opened beneath `into` without following a symlink. Refused with Kind::untrusted,
/// naming the member: a name that is absolute, has "..", or control characters; a member below a
/// symlink or file; a directory replaced by something else; a hard link to what is not there; a
/// device node unless allowed; numbers out of range; more than the limits; a damaged archive. A
/// later member of the same name takes the place of a file, symlink or FIFO. What was there before
/// is never written to and keeps its mode and owner, except `into` itself, which gets those of a
/// "./" member. Directories that the archive only implies get mode 0755.
///
/// When it returns nothing is durable yet: the caller ends with sys.sync_file_system(into), once
/// for the whole tree. When it throws, the part that was written is left for the caller to remove.
/// Memory grows with the number of directories only.
void extract_tar(base::Sys &sys,
                 const base::Fd &archive,
                 const base::Dir &into,
                 const TreeLimits &limits);

/// Copies all that lies below `from` into a directory, and the attributes of `from` itself onto
/// it. Keeps what extract_tar keeps, device nodes too; symlinks are copied, never followed.
/// Extended attributes of symlinks and special files are left out; sockets are skipped, since they
/// mean nothing without the process that made them. A file that changes its kind meanwhile throws
/// Kind::busy.
///
/// Durability and failure as extract_tar. Memory grows with the number of directories and of files
/// with several names.
void copy_tree(base::Sys &sys, const base::Dir &from, const base::Dir &into);

} // namespace updater
