// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"
#include "base/workshop.hpp"

#include <optional>

namespace base {

/// The seam on Linux: the only place that makes calls which change something.
class LinuxSys : public Sys {
public:
  /// What can be done with mounts that hang nowhere. Kernels before 6.15 are found out by what they
  /// refuse; tests have them on any kernel.
  enum class Mounts { as_today, as_before_6_15 };

  explicit LinuxSys(Mounts mounts = Mounts::as_today) : mounts_(mounts) {}

  Fd create(const Dir &dir, std::string_view name, mode_t mode) override;
  Fd create_unnamed(const Dir &dir) override;
  Fd create_in_memory(const std::string &label) override;
  void seal(const Fd &fd) override;
  Fd open_writable(const Dir &dir, std::string_view path) override;
  void write_at(const Fd &fd, std::uint64_t offset, Bytes data) override;
  void copy(const Fd &from, const ByteRange &range, const Fd &to, std::uint64_t offset) override;
  void zero(const Fd &fd, std::uint64_t offset, std::uint64_t length) override;
  void resize(const Fd &fd, std::uint64_t length) override;
  void allocate(const Fd &fd, std::uint64_t length) override;
  void sync(const Fd &fd) override;
  void sync(const Dir &dir) override;
  void sync_file_system(const Dir &dir) override;
  void close(Fd fd) override;
  void forget_cached(const Fd &fd, std::uint64_t offset, std::uint64_t length) override;
  void set_attributes(const Fd &fd, const Attributes &attributes) override;
  void set_extended(const Fd &fd, const std::vector<ExtendedAttribute> &attributes) override;
  void set_immutable(const Fd &fd, bool immutable) override;
  void rename(const Dir &from_dir,
              std::string_view from,
              const Dir &to_dir,
              std::string_view to,
              Replace replace) override;
  void hard_link(const Dir &from_dir,
                 std::string_view from,
                 const Dir &to_dir,
                 std::string_view to) override;
  void symlink(std::string_view target, const Dir &dir, std::string_view name) override;
  void make_dir(const Dir &dir, std::string_view name, mode_t mode) override;
  void make_node(const Dir &dir, std::string_view name, mode_t mode, dev_t device) override;
  void make_subvolume(const Dir &dir, std::string_view name) override;
  void set_subvolume_read_only(const Dir &subvolume, bool read_only) override;
  void remove(const Dir &dir, std::string_view name, Remove what) override;
  bool try_lock(const Fd &fd) override;
  void announce_partitions(const Fd &disk, const std::vector<KernelPartition> &partitions) override;
  void leave_shared_mounts() override;
  Fd attach_loop(const Fd &file, const ByteRange &range, Access access) override;
  Fd attach_verity(const NewVerity &device) override;
  void let_go_mapped(const std::string &name) override;
  Dir make_mount(const NewMount &file_system) override;
  Dir make_overlay(const NewOverlay &overlay) override;
  Fd copy_mount(const Fd &from, Depth depth) override;
  Dir copy_beneath(const Dir &root, const std::string &path, unsigned covers) override;
  void forbid_writing(const Fd &top) override;
  void attach(const Fd &tree, const Fd &where, Place place) override;
  void unmount(const Fd &top) override;
  void load_kernel(const Fd &image,
                   const std::optional<Fd> &initrd,
                   const std::string &options) override;
  void unload_kernel() override;

private:
  Workshop &workshop();

  Mounts mounts_;
  std::optional<Workshop> workshop_;
};

} // namespace base
