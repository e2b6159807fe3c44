// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <exception>
#include <thread>

namespace base {

namespace {

/// MOVE_MOUNT_BENEATH of <linux/mount.h>, which headers before 6.5 lack.
constexpr unsigned move_mount_beneath = 0x200;

/// The kernel's own link to an open file: valid where its name is not, as in a chroot.
std::string name_of(const Fd &fd)
{
  return fmt::format("/proc/self/fd/{}", fd.number());
}

Fd open_free_loop(const Fd &control, Access access)
{
  const int index = ::ioctl(control.number(), LOOP_CTL_GET_FREE);
  if (index < 0)
    fail_errno("cannot find a free loop device");
  const std::string path = fmt::format("/dev/loop{}", index);
  const int number =
      ::open(path.c_str(), (access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (number < 0)
    fail_errno("cannot open {}", path);
  return Fd(number);
}

void set_option(const Fd &context, const char *key, const std::string &value)
{
  if (::fsconfig(context.number(), FSCONFIG_SET_STRING, key, value.c_str(), 0) < 0)
    fail_errno("cannot set the mount option {}={}", key, value);
}

void set_flag(const Fd &context, const char *flag)
{
  if (::fsconfig(context.number(), FSCONFIG_SET_FLAG, flag, nullptr, 0) < 0)
    fail_errno("cannot set the mount option {}", flag);
}

void set_options(const Fd &context, const std::vector<MountOption> &options)
{
  for (const MountOption &option : options) {
    if (option.value)
      set_option(context, option.key.c_str(), *option.value);
    else
      set_flag(context, option.key.c_str());
  }
}

/// How the kernel is told the layers of an overlay, the best way first.
enum class LayerForm {
  descriptors, ///< since 6.13
  names,       ///< since 6.8; the name of a descriptor is as good as itself
  one_option,  ///< before; all names together must fit into a page
};

void set_layer(const Fd &context, const char *key, const Dir &layer, LayerForm form)
{
  if (form != LayerForm::descriptors)
    set_option(context, key, name_of(layer.fd()));
  else if (::fsconfig(context.number(), FSCONFIG_SET_FD, key, nullptr, layer.fd().number()) < 0)
    fail_errno("the overlay does not take the layer {}", layer.path());
}

void set_lower(const Fd &context, const std::vector<const Dir *> &layers, LayerForm form)
{
  std::vector<std::string> names;
  for (const Dir *layer : layers) {
    if (form == LayerForm::one_option)
      names.push_back(name_of(layer->fd()));
    else
      set_layer(context, "lowerdir+", *layer, form);
  }
  if (form == LayerForm::one_option)
    set_option(context, "lowerdir", fmt::format("{}", fmt::join(names, ":")));
}

Fd open_context(const std::string &type)
{
  Fd context(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  if (!context.valid())
    fail_errno("the kernel does not know the file system {}", type);
  return context;
}

/// What the kernel says about the failure of a call on a context, beyond its errno.
std::string reasons(const Fd &context)
{
  std::string text;
  std::array<char, 512> line{};
  for (;;) {
    const ssize_t length = ::read(context.number(), line.data(), line.size());
    if (length <= 2)
      return text;
    // "e overlay: No such layer": the first two characters say how grave it is.
    text += fmt::format(" ({})",
                        std::string_view(line.data() + 2, static_cast<std::size_t>(length) - 2));
  }
}

unsigned attributes_of(const MountLimits &limits)
{
  return (limits.no_writing ? MOUNT_ATTR_RDONLY : 0U) |
         (limits.no_devices ? MOUNT_ATTR_NODEV : 0U) |
         (limits.no_set_user ? MOUNT_ATTR_NOSUID : 0U) |
         (limits.no_programs ? MOUNT_ATTR_NOEXEC : 0U) |
         (limits.no_access_times ? MOUNT_ATTR_NOATIME : 0U);
}

Dir make_top(const Fd &context, const std::string &type, const MountLimits &limits)
{
  if (::fsconfig(context.number(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    const int error = errno;
    fail_os(error, "cannot mount the {} file system{}", type, reasons(context));
  }
  Fd top(::fsmount(context.number(), FSMOUNT_CLOEXEC, attributes_of(limits)));
  if (!top.valid())
    fail_errno("cannot mount the {} file system", type);
  return {std::move(top), fmt::format("a new {}", type)};
}

/// Nothing if it is not a mount of ours.
std::optional<Fd> copy_if_ours(const Fd &from, Depth depth)
{
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                         (depth == Depth::whole_tree ? AT_RECURSIVE : 0U);
  Fd copy(::open_tree(from.number(), "", flags));
  if (!copy.valid() && errno == EINVAL)
    return std::nullopt;
  if (!copy.valid())
    fail_errno("cannot copy the mount at {}", path_of(from));
  // Or what is mounted where it came from would show up in it, and the other way round.
  mount_attr attributes{};
  attributes.propagation = MS_PRIVATE;
  if (::mount_setattr(
          copy.number(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) < 0)
    fail_errno("cannot keep the copy of the mount at {} to ourselves", path_of(from));
  return copy;
}

Fd copy_of(const Fd &from, Depth depth)
{
  auto copy = copy_if_ours(from, depth);
  if (!copy)
    fail_os(EINVAL, "cannot copy the mount at {}", path_of(from));
  return std::move(*copy);
}

void move(const Fd &tree, const Fd &where, Place place)
{
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH |
                         (place == Place::beneath ? move_mount_beneath : 0U);
  if (::move_mount(tree.number(), "", where.number(), "", flags) < 0)
    fail_errno("cannot mount on {}", path_of(where));
}

/// An overlay whose layers are copies of those that are mounts of ours. They hang nowhere, so that
/// they can be hung up elsewhere.
class CopiedLayers {
public:
  explicit CopiedLayers(const NewOverlay &overlay) : overlay_(overlay)
  {
    for (const Dir *&layer : overlay_.lower)
      if (auto copy = copy_if_ours(layer->fd(), Depth::one_mount))
        layer = &copies_.emplace_back(std::move(*copy), layer->path());
    if (overlay.upper != nullptr)
      copy_upper();
  }

  [[nodiscard]] const NewOverlay &overlay() const { return overlay_; }

private:
  /// The kernel wants both in one mount, so it is what holds them that is copied.
  void copy_upper()
  {
    const Fd holder(::openat(overlay_.work->fd().number(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    auto copy = copy_if_ours(holder, Depth::one_mount);
    if (!copy)
      return;
    const Dir &held = copies_.emplace_back(std::move(*copy), path_of(holder));
    for (const Dir **each : {&overlay_.upper, &overlay_.work})
      *each = &copies_.emplace_back(held.dir(split_path(path_of((*each)->fd())).name));
  }

  NewOverlay overlay_;
  std::deque<Dir> copies_;
};

Dir overlay_of(const NewOverlay &overlay)
{
  const auto make = [&](LayerForm form) {
    const Fd context = open_context("overlay");
    set_option(context, "source", overlay.source);
    if (overlay.upper == nullptr)
      set_flag(context, "ro");
    set_lower(context, overlay.lower, form);
    if (overlay.upper != nullptr) {
      set_layer(context, "upperdir", *overlay.upper, form);
      set_layer(context, "workdir", *overlay.work, form);
    }
    set_options(context, overlay.options);
    return make_top(context, "overlay", overlay.limits);
  };
  try {
    return make(LayerForm::descriptors);
  } catch (const Error &first) {
    // What an older kernel says to a form that it does not know; but it may mean other things, and
    // then the first answer says them best.
    if (first.os_error() != EINVAL)
      throw;
    for (const LayerForm form : {LayerForm::names, LayerForm::one_option}) {
      try {
        return make(form);
      } catch (const Error &other) {
        if (other.os_error() != EINVAL)
          throw;
      }
    }
    throw;
  }
}

void keep_mounts_private()
{
  // Or what is done here would still spread to those the tree was shared with.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
    fail_errno("cannot keep our mounts from spreading");
}

Fd open_here()
{
  Fd here(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!here.valid())
    fail_errno("cannot open the present directory");
  return here;
}

/// Read-only to the device too: to these a mount that is "ro" may still replay a journal, and
/// without permission to write they refuse to be mounted when a power cut has left one.
void ask_for_read_only(const Fd &context, const std::string &type)
{
  set_flag(context, "ro");
  if (type == "ext3" || type == "ext4" || type == "xfs")
    set_flag(context, "norecovery");
  else if (type == "btrfs")
    set_option(context, "rescue", "nologreplay");
}

} // namespace

void LinuxSys::leave_shared_mounts()
{
  if (::unshare(CLONE_NEWNS) < 0)
    fail_errno("cannot get mounts of our own");
  keep_mounts_private();
}

Fd LinuxSys::attach_loop(const Fd &file, const ByteRange &range, Access access)
{
  const Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control.valid())
    fail_errno("cannot open /dev/loop-control");
  loop_config config{};
  config.fd = static_cast<__u32>(file.number());
  config.info.lo_offset = range.start;
  config.info.lo_sizelimit = range.length;
  config.info.lo_flags =
      LO_FLAGS_AUTOCLEAR | (access == Access::read_only ? LO_FLAGS_READ_ONLY : 0);
  constexpr int tries = 64; // others may take the free device between our two calls
  for (int left = tries; left > 0; --left) {
    Fd loop = open_free_loop(control, access);
    if (::ioctl(loop.number(), LOOP_CONFIGURE, &config) == 0)
      return loop;
    if (errno != EBUSY)
      fail_errno("cannot attach a loop device");
  }
  fail_os(EBUSY, "cannot attach a loop device: others took {} in turn", tries);
}

Dir LinuxSys::make_mount(const NewMount &file_system)
{
  const Fd context = open_context(file_system.type);
  if (file_system.device != nullptr)
    set_option(context, "source", name_of(*file_system.device));
  if (file_system.limits.no_writing)
    ask_for_read_only(context, file_system.type);
  set_options(context, file_system.options);
  return make_top(context, file_system.type, file_system.limits);
}

Workshop &LinuxSys::workshop()
{
  if (!workshop_)
    workshop_.emplace(make_mount({.type = "tmpfs"}));
  return *workshop_;
}

Dir LinuxSys::make_overlay(const NewOverlay &overlay)
{
  if (mounts_ == Mounts::as_today) {
    try {
      return overlay_of(overlay);
    } catch (const Error &error) {
      if (error.os_error() != EINVAL)
        throw;
    }
  }
  const CopiedLayers copied(overlay);
  std::optional<Dir> made;
  workshop().run([&] {
    for (const Dir *layer : copied.overlay().lower)
      workshop_->hang_up(layer->fd());
    if (overlay.upper != nullptr)
      workshop_->hang_up(copied.overlay().upper->fd());
    made = overlay_of(copied.overlay());
  });
  mounts_ = Mounts::as_before_6_15; // or the kernel would be asked in vain for each further one
  return std::move(made).value();
}

Fd LinuxSys::copy_mount(const Fd &from, Depth depth)
{
  std::optional<Fd> copy = copy_if_ours(from, depth);
  if (!copy)
    workshop().run([&] {
      workshop_->hang_up(from);
      copy = copy_of(from, depth);
    });
  return std::move(copy).value();
}

Dir LinuxSys::copy_beneath(const Dir &root, const std::string &path, unsigned covers)
{
  // A thread can have mounts of its own, in which the covers are taken away; its descriptors are
  // everybody's. The directory it works in is what carries `root` over into those mounts.
  std::optional<Dir> copy;
  std::exception_ptr failed;
  std::thread worker([&] {
    try {
      if (::unshare(CLONE_FS) < 0 || ::fchdir(root.fd().number()) < 0 || ::unshare(CLONE_NEWNS) < 0)
        fail_errno("cannot get mounts of our own");
      keep_mounts_private();
      const Dir here(open_here(), root.path());
      for (unsigned left = covers; left > 0; --left)
        unmount(here.dir(path).fd());
      copy.emplace(copy_of(here.dir(path).fd(), Depth::one_mount), root.display(path));
    } catch (...) {
      failed = std::current_exception();
    }
  });
  worker.join();
  if (failed)
    std::rethrow_exception(failed);
  return std::move(copy).value();
}

void LinuxSys::forbid_writing(const Fd &top)
{
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(top.number(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
    fail_errno("cannot make {} read-only", path_of(top));
}

void LinuxSys::attach(const Fd &tree, const Fd &where, Place place)
{
  if (workshop_ && workshop_->has(tree)) {
    std::optional<Fd> copy;
    workshop_->run([&] { copy = copy_of(tree, Depth::whole_tree); });
    move(*copy, where, place);
    return;
  }
  move(tree, where, place);
}

void LinuxSys::unmount(const Fd &top)
{
  if (::umount2(name_of(top).c_str(), MNT_DETACH) < 0)
    fail_errno("cannot unmount {}", path_of(top));
}

} // namespace base
