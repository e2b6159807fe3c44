// SPDX-License-Identifier: Apache-2.0
#include "support/watched_sys.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace support {

namespace {

using base::LinuxSys;

// The kernel knows the present path of each descriptor, also after a rename.
std::string path_of(int fd, const std::string &root)
{
  std::error_code failed;
  std::string path =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), failed).string();
  if (path == root)
    return "";
  if (path.starts_with(root + "/"))
    path.erase(0, root.size() + 1);
  return path;
}

std::string joined(int dir, std::string_view name, const std::string &root)
{
  const std::string parent = path_of(dir, root);
  return parent.empty() ? std::string(name) : fmt::format("{}/{}", parent, name);
}

std::string describe_names(std::string_view verb, const Call &call, const std::string &root)
{
  return fmt::format("{} {} -> {}",
                     verb,
                     joined(call.dir, call.name, root),
                     joined(call.to_dir, call.to_name, root));
}

std::string describe_range(std::string_view verb, const Call &call, const std::string &root)
{
  return fmt::format("{} {} {}+{}", verb, path_of(call.fd, root), call.offset, call.length);
}

} // namespace

std::string describe(const Call &call, const std::string &root)
{
  const auto file = [&](std::string_view verb) {
    return fmt::format("{} {}", verb, path_of(call.fd, root));
  };
  const auto name = [&](std::string_view verb) {
    return fmt::format("{} {}", verb, joined(call.dir, call.name, root));
  };
  switch (call.kind) {
  case CallKind::create:
    return name("create");
  case CallKind::write:
    return describe_range("write", call, root);
  case CallKind::zero:
    return describe_range("zero", call, root);
  case CallKind::resize:
    return file("resize") + fmt::format(" to {}", call.length);
  case CallKind::attributes:
    return file("set attributes of");
  case CallKind::rename:
    return describe_names("rename", call, root);
  case CallKind::hard_link:
    return describe_names("link", call, root);
  case CallKind::symlink:
    return name("symlink") + fmt::format(" -> {}", call.to_name);
  case CallKind::make_dir:
    return name("make directory");
  case CallKind::remove:
    return name("remove");
  case CallKind::sync_file:
    return file("sync");
  case CallKind::sync_dir:
    return file("sync") + "/";
  case CallKind::sync_file_system:
    return file("sync file system of") + "/";
  case CallKind::open_writable:
    return name("open");
  case CallKind::allocate:
    return file("allocate") + fmt::format(" {}", call.length);
  case CallKind::close:
    return file("close");
  case CallKind::forget_cached:
    return describe_range("forget", call, root);
  case CallKind::immutable:
    return file("set immutable flag of");
  case CallKind::lock:
    return file("lock");
  case CallKind::announce_partitions:
    return file("announce partitions of");
  case CallKind::create_in_memory:
    return fmt::format("create_in_memory {}", call.name);
  case CallKind::seal:
    return file("seal");
  case CallKind::attach_loop:
    return file("attach_loop");
  case CallKind::attach_verity:
    return fmt::format("attach_verity {}", call.name);
  case CallKind::let_go_mapped:
    return fmt::format("let_go_mapped {}", call.name);
  case CallKind::make_mount:
    return fmt::format("make_mount {}", call.name);
  case CallKind::make_overlay:
    return fmt::format("make_overlay {}", call.name);
  case CallKind::copy_mount:
    return file("copy_mount");
  case CallKind::copy_beneath:
    return name("copy_beneath");
  case CallKind::forbid_writing:
    return file("forbid_writing");
  case CallKind::attach:
    return file("attach");
  case CallKind::unmount:
    return file("unmount");
  case CallKind::load_kernel:
    return "load_kernel";
  case CallKind::unload_kernel:
    return "unload_kernel";
  case CallKind::unsimulated:
    return file("unsimulated call on");
  }
  return {};
}

base::Fd WatchedSys::create(const base::Dir &dir, std::string_view name, mode_t mode)
{
  base::Fd made;
  around({.kind = CallKind::create, .dir = dir.fd().number(), .name = name},
         [&] { made = LinuxSys::create(dir, name, mode); });
  return made;
}

base::Fd WatchedSys::create_unnamed(const base::Dir &dir)
{
  base::Fd file;
  around({.kind = CallKind::unsimulated, .fd = dir.fd().number()},
         [&] { file = LinuxSys::create_unnamed(dir); });
  return file;
}

base::Fd WatchedSys::create_in_memory(const std::string &label)
{
  base::Fd file;
  around({.kind = CallKind::create_in_memory, .name = label},
         [&] { file = LinuxSys::create_in_memory(label); });
  return file;
}

void WatchedSys::seal(const base::Fd &fd)
{
  around({.kind = CallKind::seal, .fd = fd.number()}, [&] { LinuxSys::seal(fd); });
}

void WatchedSys::copy(const base::Fd &from,
                      const base::ByteRange &range,
                      const base::Fd &to,
                      std::uint64_t offset)
{
  std::vector<std::byte> data(range.length); // for a disk it is a write like any other
  data.resize(base::read_at(from, range.start, data));
  around({.kind = CallKind::write,
          .fd = to.number(),
          .offset = offset,
          .length = data.size(),
          .data = data},
         [&] { LinuxSys::copy(from, range, to, offset); });
}

base::Fd WatchedSys::open_writable(const base::Dir &dir, std::string_view path)
{
  base::Fd opened;
  around({.kind = CallKind::open_writable, .dir = dir.fd().number(), .name = path},
         [&] { opened = LinuxSys::open_writable(dir, path); });
  return opened;
}

void WatchedSys::write_at(const base::Fd &fd, std::uint64_t offset, base::Bytes data)
{
  around({.kind = CallKind::write,
          .fd = fd.number(),
          .offset = offset,
          .length = data.size(),
          .data = data},
         [&] { LinuxSys::write_at(fd, offset, data); });
}

void WatchedSys::zero(const base::Fd &fd, std::uint64_t offset, std::uint64_t length)
{
  around({.kind = CallKind::zero, .fd = fd.number(), .offset = offset, .length = length},
         [&] { LinuxSys::zero(fd, offset, length); });
}

void WatchedSys::resize(const base::Fd &fd, std::uint64_t length)
{
  around({.kind = CallKind::resize, .fd = fd.number(), .length = length},
         [&] { LinuxSys::resize(fd, length); });
}

void WatchedSys::allocate(const base::Fd &fd, std::uint64_t length)
{
  around({.kind = CallKind::allocate, .fd = fd.number(), .length = length},
         [&] { LinuxSys::allocate(fd, length); });
}

void WatchedSys::sync(const base::Fd &fd)
{
  around({.kind = CallKind::sync_file, .fd = fd.number()}, [&] { LinuxSys::sync(fd); });
}

void WatchedSys::sync(const base::Dir &dir)
{
  around({.kind = CallKind::sync_dir, .fd = dir.fd().number()}, [&] { LinuxSys::sync(dir); });
}

void WatchedSys::sync_file_system(const base::Dir &dir)
{
  around({.kind = CallKind::sync_file_system, .fd = dir.fd().number()},
         [&] { LinuxSys::sync_file_system(dir); });
}

void WatchedSys::close(base::Fd fd)
{
  around({.kind = CallKind::close, .fd = fd.number()}, [&] { LinuxSys::close(std::move(fd)); });
}

void WatchedSys::forget_cached(const base::Fd &fd, std::uint64_t offset, std::uint64_t length)
{
  around({.kind = CallKind::forget_cached, .fd = fd.number(), .offset = offset, .length = length},
         [&] { LinuxSys::forget_cached(fd, offset, length); });
}

void WatchedSys::set_attributes(const base::Fd &fd, const base::Attributes &attributes)
{
  around({.kind = CallKind::attributes, .fd = fd.number()},
         [&] { LinuxSys::set_attributes(fd, attributes); });
}

void WatchedSys::set_extended(const base::Fd &fd,
                              const std::vector<base::ExtendedAttribute> &attributes)
{
  around({.kind = CallKind::unsimulated, .fd = fd.number()},
         [&] { LinuxSys::set_extended(fd, attributes); });
}

void WatchedSys::set_immutable(const base::Fd &fd, bool immutable)
{
  around({.kind = CallKind::immutable, .fd = fd.number()},
         [&] { LinuxSys::set_immutable(fd, immutable); });
}

void WatchedSys::rename(const base::Dir &from_dir,
                        std::string_view from,
                        const base::Dir &to_dir,
                        std::string_view to,
                        base::Replace replace)
{
  around({.kind = CallKind::rename,
          .dir = from_dir.fd().number(),
          .name = from,
          .to_dir = to_dir.fd().number(),
          .to_name = to},
         [&] { LinuxSys::rename(from_dir, from, to_dir, to, replace); });
}

void WatchedSys::hard_link(const base::Dir &from_dir,
                           std::string_view from,
                           const base::Dir &to_dir,
                           std::string_view to)
{
  around({.kind = CallKind::hard_link,
          .dir = from_dir.fd().number(),
          .name = from,
          .to_dir = to_dir.fd().number(),
          .to_name = to},
         [&] { LinuxSys::hard_link(from_dir, from, to_dir, to); });
}

void WatchedSys::symlink(std::string_view target, const base::Dir &dir, std::string_view name)
{
  around({.kind = CallKind::symlink, .dir = dir.fd().number(), .name = name, .to_name = target},
         [&] { LinuxSys::symlink(target, dir, name); });
}

void WatchedSys::make_dir(const base::Dir &dir, std::string_view name, mode_t mode)
{
  around({.kind = CallKind::make_dir, .dir = dir.fd().number(), .name = name},
         [&] { LinuxSys::make_dir(dir, name, mode); });
}

void WatchedSys::make_node(const base::Dir &dir, std::string_view name, mode_t mode, dev_t device)
{
  around({.kind = CallKind::unsimulated, .fd = dir.fd().number()},
         [&] { LinuxSys::make_node(dir, name, mode, device); });
}

void WatchedSys::make_subvolume(const base::Dir &dir, std::string_view name)
{
  around({.kind = CallKind::unsimulated, .fd = dir.fd().number()},
         [&] { LinuxSys::make_subvolume(dir, name); });
}

void WatchedSys::set_subvolume_read_only(const base::Dir &subvolume, bool read_only)
{
  around({.kind = CallKind::unsimulated, .fd = subvolume.fd().number()},
         [&] { LinuxSys::set_subvolume_read_only(subvolume, read_only); });
}

void WatchedSys::remove(const base::Dir &dir, std::string_view name, base::Remove what)
{
  const CallKind kind = what == base::Remove::subvolume ? CallKind::unsimulated : CallKind::remove;
  around({.kind = kind, .fd = dir.fd().number(), .dir = dir.fd().number(), .name = name},
         [&] { LinuxSys::remove(dir, name, what); });
}

bool WatchedSys::try_lock(const base::Fd &fd)
{
  bool taken = false;
  around({.kind = CallKind::lock, .fd = fd.number()}, [&] { taken = LinuxSys::try_lock(fd); });
  return taken;
}

void WatchedSys::announce_partitions(const base::Fd &disk,
                                     const std::vector<base::KernelPartition> &partitions)
{
  around({.kind = CallKind::announce_partitions, .fd = disk.number()},
         [&] { LinuxSys::announce_partitions(disk, partitions); });
}

void WatchedSys::leave_shared_mounts()
{
  around({.kind = CallKind::unsimulated}, [&] { LinuxSys::leave_shared_mounts(); });
}

base::Fd
WatchedSys::attach_loop(const base::Fd &file, const base::ByteRange &range, base::Access access)
{
  base::Fd loop;
  around({.kind = CallKind::attach_loop, .fd = file.number()},
         [&] { loop = LinuxSys::attach_loop(file, range, access); });
  return loop;
}

base::Fd WatchedSys::attach_verity(const base::NewVerity &device)
{
  base::Fd made;
  around({.kind = CallKind::attach_verity, .fd = device.data->number(), .name = device.name},
         [&] { made = LinuxSys::attach_verity(device); });
  return made;
}

void WatchedSys::let_go_mapped(const std::string &name)
{
  around({.kind = CallKind::let_go_mapped, .name = name}, [&] { LinuxSys::let_go_mapped(name); });
}

base::Dir WatchedSys::watch_mount(const Call &call, const std::function<base::Dir()> &perform)
{
  std::optional<base::Dir> made;
  around(call, [&] { made = perform(); });
  return std::move(made).value();
}

base::Dir WatchedSys::make_mount(const base::NewMount &file_system)
{
  return watch_mount({.kind = CallKind::make_mount, .name = file_system.type},
                     [&] { return LinuxSys::make_mount(file_system); });
}

base::Dir WatchedSys::make_overlay(const base::NewOverlay &overlay)
{
  return watch_mount({.kind = CallKind::make_overlay, .name = overlay.source},
                     [&] { return LinuxSys::make_overlay(overlay); });
}

base::Fd WatchedSys::copy_mount(const base::Fd &from, base::Depth depth)
{
  base::Fd copy;
  around({.kind = CallKind::copy_mount, .fd = from.number()},
         [&] { copy = LinuxSys::copy_mount(from, depth); });
  return copy;
}

base::Dir WatchedSys::copy_beneath(const base::Dir &root, const std::string &path, unsigned covers)
{
  return watch_mount({.kind = CallKind::copy_beneath, .dir = root.fd().number(), .name = path},
                     [&] { return LinuxSys::copy_beneath(root, path, covers); });
}

void WatchedSys::forbid_writing(const base::Fd &top)
{
  around({.kind = CallKind::forbid_writing, .fd = top.number()},
         [&] { LinuxSys::forbid_writing(top); });
}

void WatchedSys::attach(const base::Fd &tree, const base::Fd &where, base::Place place)
{
  around({.kind = CallKind::attach, .fd = where.number()},
         [&] { LinuxSys::attach(tree, where, place); });
}

void WatchedSys::unmount(const base::Fd &top)
{
  around({.kind = CallKind::unmount, .fd = top.number()}, [&] { LinuxSys::unmount(top); });
}

void WatchedSys::load_kernel(const base::Fd &image,
                             const std::optional<base::Fd> &initrd,
                             const std::string &options)
{
  around({.kind = CallKind::load_kernel, .fd = image.number()},
         [&] { LinuxSys::load_kernel(image, initrd, options); });
}

void WatchedSys::unload_kernel()
{
  around({.kind = CallKind::unload_kernel}, [&] { LinuxSys::unload_kernel(); });
}

} // namespace support
