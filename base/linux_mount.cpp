// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

namespace base {

namespace {

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
  // Or what is mounted here would still spread to those the tree was shared with.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
    fail_errno("cannot keep our mounts from spreading");
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

Dir LinuxSys::mount(const Fd &device, const std::string &type, const Dir &where, Access access)
{
  const Fd context(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
  if (!context.valid())
    fail_errno("the kernel does not know the file system {}", type);
  if (device.valid())
    set_option(context, "source", name_of(device));
  if (access == Access::read_only)
    ask_for_read_only(context, type);
  if (::fsconfig(context.number(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0)
    fail_errno("cannot read the {} file system", type);
  const unsigned attributes =
      MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | (access == Access::read_only ? MOUNT_ATTR_RDONLY : 0U);
  Fd top(::fsmount(context.number(), FSMOUNT_CLOEXEC, attributes));
  if (!top.valid())
    fail_errno("cannot mount the {} file system", type);
  if (::move_mount(top.number(),
                   "",
                   where.fd().number(),
                   "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
    fail_errno("cannot mount on {}", where.path());
  // Opened anew: what fsmount gives is a bare handle (O_PATH), which cannot be listed or synced.
  const int number = ::openat(top.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0)
    fail_errno("cannot open what was mounted on {}", where.path());
  return {Fd(number), where.path()};
}

void LinuxSys::unmount(const Dir &top)
{
  if (::umount2(name_of(top.fd()).c_str(), MNT_DETACH) < 0)
    fail_errno("cannot unmount {}", top.path());
}

} // namespace base
