// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"
#include "base/tree_writer.hpp"

#include <cstdint>

namespace base {

enum class Devices { refuse, allow };

struct TreeLimits {
  /// The most bytes of the archive once unpacked, and of all files' lengths (holes count).
  std::uint64_t size;
  std::uint64_t entries = 4'000'000;
  Devices devices = Devices::refuse;
  Owners owners = possible_owners();
};

/// Unpacks a tar archive (ustar, pax, GNU; compressed as detect_compression knows) into a
/// directory. Kept: modes, owners (see Owners), modification times to the microsecond, hard
/// links, symlinks with any text, FIFOs, holes, access control lists, user.* and security.*
/// attributes. Other attributes are left out, because trusted.overlay.* would change what an
/// overlay shows; so are inode flags, which could keep the tree from being removed. Names in pax
/// headers must be UTF-8, and come out with accents composed (NFC); in the other formats they are
/// bytes.
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
void extract_tar(Sys &sys, const Fd &archive, const Dir &into, const TreeLimits &limits);

} // namespace base
