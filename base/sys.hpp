// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/handles.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

enum class Replace { no, yes };
enum class Remove { file, directory, subvolume };
enum class Access { read_only, read_write };

/// What set_attributes changes; what is unset stays as it is.
struct Attributes {
  std::optional<mode_t> mode{};
  std::optional<uid_t> owner{};
  std::optional<gid_t> group{};
  std::optional<std::int64_t> modified_us{}; ///< microseconds since 1970, as mtime and atime
};

struct ExtendedAttribute {
  std::string name;
  std::string value;

  bool operator==(const ExtendedAttribute &) const = default;
};

/// A partition as the kernel is to know it; bytes from the start of the disk.
struct KernelPartition {
  unsigned number;
  std::uint64_t start;
  std::uint64_t length;
};

/// A part of a file or disk.
struct ByteRange {
  std::uint64_t start;
  std::uint64_t length;
};

/// What may not be done by a mount, whatever its file system says.
struct MountLimits {
  bool no_writing = false;
  bool no_devices = true;
  bool no_set_user = true;
  bool no_programs = false;
  bool no_access_times = false;

  bool operator==(const MountLimits &) const = default;
};

/// A key and its value; without one, a flag.
struct MountOption {
  std::string key;
  std::optional<std::string> value{};

  bool operator==(const MountOption &) const = default;
};

/// A file system to be mounted.
struct NewMount {
  std::string type; ///< "erofs", "tmpfs"
  /// A block device, or a file where the file system can do with one; none for a tmpfs. Must
  /// outlive the call.
  const Fd *device = nullptr;
  std::vector<MountOption> options{};
  MountLimits limits{};
};

/// Data with its hash tree as dm-verity has it: format 1, SHA-256. What it points to must outlive
/// the call.
struct NewVerity {
  std::string name;         ///< of the device, in /dev/mapper
  const Fd *data = nullptr; ///< a block device
  const Fd *tree = nullptr; ///< another, from the superblock on, which itself is not read
  std::uint32_t data_block_size = 0;
  std::uint32_t hash_block_size = 0;
  std::uint64_t data_blocks = 0;
  Bytes salt{};
  Bytes root_hash{};
  /// PKCS#7, of the digits of the root hash, for the kernel to judge; empty: it is not asked.
  std::string_view signature{};
};

/// An overlay to be mounted. The directories must outlive the call.
struct NewOverlay {
  std::string source;             ///< its name in the table of mounts
  std::vector<const Dir *> lower; ///< the topmost first; at most 500
  const Dir *upper = nullptr;     ///< where writes go; none: read-only
  const Dir *work = nullptr;      ///< an empty directory of the same file system
  std::vector<MountOption> options{};
  MountLimits limits{};
};

enum class Depth { one_mount, whole_tree };
enum class Place { on_top, beneath };

/// Every effect on the machine whose order, failure or privilege matters. Nothing else in strake
/// changes anything. Reads go to the kernel directly (base::Dir, base::read_at).
///
/// Names are single path components; where they lie is said by an open directory. Each call is
/// finished when it returns (short writes and EINTR are dealt with) or throws base::Error. What a
/// power cut keeps of it is said per call; the tests' SimSys keeps no more than that.
class Sys {
public:
  Sys() = default;
  Sys(const Sys &) = delete;
  Sys &operator=(const Sys &) = delete;
  virtual ~Sys() = default;

  /// A new empty file, open for reading and writing; throws if the name is taken. The name is
  /// durable after sync(dir).
  virtual Fd create(const Dir &dir, std::string_view name, mode_t mode) = 0;
  /// A new empty file without a name in the file system of `dir`, open for reading and writing; it
  /// is gone with the last descriptor or mount of it, also after a power cut.
  virtual Fd create_unnamed(const Dir &dir) = 0;
  /// The same in memory; `label` is what /proc shows of it. It can be sealed.
  virtual Fd create_in_memory(const std::string &label) = 0;
  /// From here on neither content nor length of a file of create_in_memory() can be changed by
  /// anybody, this process included.
  virtual void seal(const Fd &fd) = 0;
  /// An existing file or block device, open for reading and writing. Symlinks at the end are
  /// followed beneath `dir` only.
  virtual Fd open_writable(const Dir &dir, std::string_view path) = 0;
  /// Durable after sync(fd). Until then any subset of the sectors may be on disk.
  virtual void write_at(const Fd &fd, std::uint64_t offset, Bytes data) = 0;
  /// Writes to `to` from `offset` on what `from` holds in `range`, all of it, within the kernel
  /// where that is possible. As write_at. Throws io if `from` ends before the range does.
  virtual void copy(const Fd &from, const ByteRange &range, const Fd &to, std::uint64_t offset) = 0;
  /// Makes a range read as zeros, giving its blocks back where that is possible. As write_at.
  virtual void zero(const Fd &fd, std::uint64_t offset, std::uint64_t length) = 0;
  /// Sets a file's length. Durable after sync(fd).
  virtual void resize(const Fd &fd, std::uint64_t length) = 0;
  /// Makes sure that writes below `length` will not fail for lack of space; the length of the file
  /// is not changed. Throws no_space; does nothing where the file system cannot promise it.
  virtual void allocate(const Fd &fd, std::uint64_t length) = 0;
  /// All that was written to this file or device is on stable storage, with its length and mode.
  /// After a failure the unwritten data must be taken as lost: write it again, do not sync again.
  /// On vfat the name leads to the clusters before the table has them, unless they were there.
  virtual void sync(const Fd &fd) = 0;
  /// All names made, changed or removed in this directory are on stable storage. On vfat so is the
  /// whole table, with what is allocated and free.
  virtual void sync(const Dir &dir) = 0;
  /// Everything in the file system that `dir` lies on is on stable storage (for trees of many
  /// files; not to be relied on for vfat, whose syncfs does not flush the device).
  virtual void sync_file_system(const Dir &dir) = 0;
  /// Closes, and throws if the kernel reports a write that failed.
  virtual void close(Fd fd) = 0;
  /// Drops what the page cache holds of a range, so that the next read comes from the disk.
  virtual void forget_cached(const Fd &fd, std::uint64_t offset, std::uint64_t length) = 0;

  /// Takes a Dir::handle() too, so that symlinks (but for their mode, which they lack) and special
  /// files can be reached without opening them.
  virtual void set_attributes(const Fd &fd, const Attributes &attributes) = 0;
  virtual void set_extended(const Fd &fd, const std::vector<ExtendedAttribute> &attributes) = 0;
  /// The flag against any change (chattr +i); off takes +a too. Left alone where there is none.
  virtual void set_immutable(const Fd &fd, bool immutable) = 0;

  /// Changes a name; atomic while the power stays on. Durable after sync of both directories.
  virtual void rename(const Dir &from_dir,
                      std::string_view from,
                      const Dir &to_dir,
                      std::string_view to,
                      Replace replace) = 0;
  virtual void
  hard_link(const Dir &from_dir, std::string_view from, const Dir &to_dir, std::string_view to) = 0;
  virtual void symlink(std::string_view target, const Dir &dir, std::string_view name) = 0;
  virtual void make_dir(const Dir &dir, std::string_view name, mode_t mode) = 0;
  /// A FIFO or socket, or a device node where the caller allows those.
  virtual void make_node(const Dir &dir, std::string_view name, mode_t mode, dev_t device) = 0;
  virtual void make_subvolume(const Dir &dir, std::string_view name) = 0;
  virtual void set_subvolume_read_only(const Dir &subvolume, bool read_only) = 0;
  /// Removes a file, an empty directory, or a btrfs subvolume with all below it. On vfat the table
  /// may have a file's clusters as free before its name is gone, unless somebody has it open.
  virtual void remove(const Dir &dir, std::string_view name, Remove what) = 0;

  /// Takes an exclusive advisory lock (flock) at once; false if somebody else holds it. Held until
  /// the descriptor is closed.
  [[nodiscard]] virtual bool try_lock(const Fd &fd) = 0;
  /// Tells the kernel where these partitions of an open block device lie now, without touching
  /// those in use. Does nothing for a plain file.
  virtual void announce_partitions(const Fd &disk,
                                   const std::vector<KernelPartition> &partitions) = 0;

  /// From here on this process and what it starts see mounts of their own: what mount() adds is
  /// invisible to everybody else, and gone with the process however it ends. Call it before a
  /// second thread is started.
  virtual void leave_shared_mounts() = 0;
  /// A block device that is a range of an open file, in bytes. It lives as long as this descriptor
  /// or a mount of it.
  virtual Fd attach_loop(const Fd &file, const ByteRange &range, Access access) = 0;
  /// A read-only block device whose blocks the kernel compares with the root hash whenever it reads
  /// them; what is not as it was hashed cannot be read (EIO). One of that name that is there
  /// already is taken if it is of the same root hash and shape. It lives as long as a descriptor or
  /// mount of it; after a kill, until the next call for that name has been and gone. With a
  /// signature, the kernel has accepted it, or this throws. Throws io with what device-mapper says.
  virtual Fd attach_verity(const NewVerity &device) = 0;
  /// Has a device of the device-mapper go with its last descriptor or mount, whoever has set it up.
  /// Does nothing if there is none of that name.
  virtual void let_go_mapped(const std::string &name) = 0;
  /// The mount that a file system makes, hanging nowhere: it is gone with the Dir unless attach()
  /// puts it somewhere, so keep that until then. The Dir opens nothing (O_PATH): it can be listed
  /// and read in, but not synced. Read-only changes no byte of the device: what only a journal
  /// holds is not seen then.
  virtual Dir make_mount(const NewMount &file_system) = 0;
  /// An overlay of directories, hanging nowhere as above. Its layers may hang nowhere themselves,
  /// and need not be kept once it is made.
  virtual Dir make_overlay(const NewOverlay &overlay) = 0;
  /// The same mount once more, from an open file or directory down, hanging nowhere as above and
  /// with nothing spreading to or from it. It stays what it is when the other one goes.
  virtual Fd copy_mount(const Fd &from, Depth depth) = 0;
  /// A copy, as above, of what `path` beneath `root` would be if the `covers` topmost mounts on it
  /// were not there. Needs a process root that is a mount point.
  virtual Dir copy_beneath(const Dir &root, const std::string &path, unsigned covers) = 0;
  /// From here on nothing can be written by this mount, whatever the file system allows.
  virtual void forbid_writing(const Fd &top) = 0;
  /// Puts a tree that hangs nowhere over `where`: a file, a directory or the top of a mount.
  /// Beneath: under the topmost mount there, so that it comes to light when that goes; nobody sees
  /// a moment with neither. Throws with os_error() EINVAL where the kernel (before 6.5) or the way
  /// the mounts spread does not let it.
  virtual void attach(const Fd &tree, const Fd &where, Place place) = 0;
  /// Takes a mount, named by its top, and all mounted on and below it out of the tree. It is
  /// written out and ended when the last descriptor in it is closed.
  virtual void unmount(const Fd &top) = 0;

  /// Has the kernel that runs hold another one, to go over to when it is asked for a kexec: its
  /// image, its initrd if it has one, and its command line. It takes the place of one that is held
  /// already. Nothing of what runs changes, and any other end of it forgets this.
  virtual void
  load_kernel(const Fd &image, const std::optional<Fd> &initrd, const std::string &options) = 0;
  /// Has it hold none.
  virtual void unload_kernel() = 0;
};

} // namespace base
