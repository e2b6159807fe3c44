// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/linux_sys.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace support {

enum class CallKind {
  // These change what is on disk.
  create,
  write,
  zero,
  resize,
  attributes,
  rename,
  hard_link,
  symlink,
  make_dir,
  remove,
  sync_file,
  sync_dir,
  sync_file_system,
  // These can fail, but leave nothing that a power cut could take away.
  open_writable,
  allocate,
  close,
  forget_cached,
  immutable,
  lock,
  announce_partitions,
  create_in_memory,
  seal,
  attach_loop,
  attach_verity,
  let_go_mapped,
  make_mount,
  make_overlay,
  copy_mount,
  copy_beneath,
  forbid_writing,
  attach,
  unmount,
  load_kernel,
  unload_kernel,
  // These are not simulated.
  unsimulated,
};

/// Whether calls of this kind change what is on disk, or see to it that it stays there.
constexpr bool changes_disk(CallKind kind)
{
  return kind <= CallKind::sync_file_system;
}

/// One call of base::Sys, as it is made. Descriptors and texts live as long as the call.
struct Call {
  CallKind kind;
  int fd = -1;  ///< of the file, or of the directory that is synced
  int dir = -1; ///< in which `name` lies
  std::string_view name{};
  int to_dir = -1;
  std::string_view to_name{}; ///< also the target of a symlink
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  base::Bytes data{};
};

/// The call as one line, with paths below `root`: "write disk.img 512+1024",
/// "rename esp/.a -> esp/a", "sync disk.img", "sync esp/".
std::string describe(const Call &call, const std::string &root);

/// Does everything for real, and lets a test see, refuse or record each call on its way.
class WatchedSys : public base::LinuxSys {
public:
  base::Fd create(const base::Dir &dir, std::string_view name, mode_t mode) override;
  base::Fd create_unnamed(const base::Dir &dir) override;
  base::Fd create_in_memory(const std::string &label) override;
  void seal(const base::Fd &fd) override;
  base::Fd open_writable(const base::Dir &dir, std::string_view path) override;
  void write_at(const base::Fd &fd, std::uint64_t offset, base::Bytes data) override;
  void copy(const base::Fd &from,
            const base::ByteRange &range,
            const base::Fd &to,
            std::uint64_t offset) override;
  void zero(const base::Fd &fd, std::uint64_t offset, std::uint64_t length) override;
  void resize(const base::Fd &fd, std::uint64_t length) override;
  void allocate(const base::Fd &fd, std::uint64_t length) override;
  void sync(const base::Fd &fd) override;
  void sync(const base::Dir &dir) override;
  void sync_file_system(const base::Dir &dir) override;
  void close(base::Fd fd) override;
  void forget_cached(const base::Fd &fd, std::uint64_t offset, std::uint64_t length) override;
  void set_attributes(const base::Fd &fd, const base::Attributes &attributes) override;
  void set_extended(const base::Fd &fd,
                    const std::vector<base::ExtendedAttribute> &attributes) override;
  void set_immutable(const base::Fd &fd, bool immutable) override;
  void rename(const base::Dir &from_dir,
              std::string_view from,
              const base::Dir &to_dir,
              std::string_view to,
              base::Replace replace) override;
  void hard_link(const base::Dir &from_dir,
                 std::string_view from,
                 const base::Dir &to_dir,
                 std::string_view to) override;
  void symlink(std::string_view target, const base::Dir &dir, std::string_view name) override;
  void make_dir(const base::Dir &dir, std::string_view name, mode_t mode) override;
  void make_node(const base::Dir &dir, std::string_view name, mode_t mode, dev_t device) override;
  void make_subvolume(const base::Dir &dir, std::string_view name) override;
  void set_subvolume_read_only(const base::Dir &subvolume, bool read_only) override;
  void remove(const base::Dir &dir, std::string_view name, base::Remove what) override;
  bool try_lock(const base::Fd &fd) override;
  void announce_partitions(const base::Fd &disk,
                           const std::vector<base::KernelPartition> &partitions) override;
  void leave_shared_mounts() override;
  base::Fd
  attach_loop(const base::Fd &file, const base::ByteRange &range, base::Access access) override;
  base::Fd attach_verity(const base::NewVerity &device) override;
  void let_go_mapped(const std::string &name) override;
  base::Dir make_mount(const base::NewMount &file_system) override;
  base::Dir make_overlay(const base::NewOverlay &overlay) override;
  base::Fd copy_mount(const base::Fd &from, base::Depth depth) override;
  base::Dir copy_beneath(const base::Dir &root, const std::string &path, unsigned covers) override;
  void forbid_writing(const base::Fd &top) override;
  void attach(const base::Fd &tree, const base::Fd &where, base::Place place) override;
  void unmount(const base::Fd &top) override;
  void load_kernel(const base::Fd &image,
                   const std::optional<base::Fd> &initrd,
                   const std::string &options) override;
  void unload_kernel() override;

private:
  base::Dir watch_mount(const Call &call, const std::function<base::Dir()> &perform);
  /// Called in place of each call; `perform` makes it.
  virtual void around(const Call &call, const std::function<void()> &perform) = 0;
};

} // namespace support
