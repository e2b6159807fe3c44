// SPDX-License-Identifier: Apache-2.0
#include "base/linux_sys.hpp"

#include "base/error.hpp"

#include <btrfsutil.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace base {

namespace {

std::string plain(std::string_view name)
{
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos)
    fail(Kind::internal, "\"{}\" is not a plain file name", name);
  return std::string(name);
}

void write_zeros(LinuxSys &sys, const Fd &fd, std::uint64_t offset, std::uint64_t length)
{
  static constexpr std::array<std::byte, 64 * 1024> zeros{};
  for (std::uint64_t done = 0; done < length;) {
    const std::size_t step =
        static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), length - done));
    sys.write_at(fd, offset + done, Bytes(zeros).first(step));
    done += step;
  }
}

void check_btrfs(btrfs_util_error result, std::string_view doing, const std::string &path)
{
  if (result != BTRFS_UTIL_OK)
    fail_errno("cannot {} {}: {}", doing, path, btrfs_util_strerror(result));
}

/// fchmod does not take O_PATH handles; the kernel's link to one leads to the very same inode.
int change_mode(const Fd &fd, mode_t mode)
{
  if (::fchmod(fd.number(), mode) == 0)
    return 0;
  if (errno != EBADF)
    return -1;
  return ::chmod(fmt::format("/proc/self/fd/{}", fd.number()).c_str(), mode);
}

timespec from_microseconds(std::int64_t microseconds)
{
  constexpr std::int64_t second = 1'000'000;
  timespec result{};
  result.tv_sec = microseconds / second;
  result.tv_nsec = (microseconds % second) * 1000;
  if (result.tv_nsec < 0) {
    result.tv_sec -= 1;
    result.tv_nsec += 1'000'000'000;
  }
  return result;
}

} // namespace

Fd LinuxSys::create(const Dir &dir, std::string_view name, mode_t mode)
{
  const int number = ::openat(dir.fd().number(),
                              plain(name).c_str(),
                              O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                              mode);
  if (number < 0)
    fail_errno("cannot create {}", dir.display(name));
  return Fd(number);
}

Fd LinuxSys::open_writable(const Dir &dir, std::string_view path)
{
  std::string below(path);
  below.erase(0, below.find_first_not_of('/'));
  open_how how{};
  how.flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long number = ::syscall(SYS_openat2, dir.fd().number(), below.c_str(), &how, sizeof how);
  if (number < 0)
    fail_errno("cannot open {} for writing", dir.display(path));
  return Fd(static_cast<int>(number));
}

void LinuxSys::write_at(const Fd &fd, std::uint64_t offset, Bytes data)
{
  while (!data.empty()) {
    const ssize_t count =
        ::pwrite(fd.number(), data.data(), data.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      fail_errno("cannot write {} bytes at offset {} of {}", data.size(), offset, path_of(fd));
    if (count == 0)
      fail_os(ENOSPC, "cannot write {} bytes at offset {} of {}", data.size(), offset, path_of(fd));
    data = data.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void LinuxSys::zero(const Fd &fd, std::uint64_t offset, std::uint64_t length)
{
  if (is_block_device(fd)) {
    std::array<std::uint64_t, 2> range{offset, length};
    if (::ioctl(fd.number(), BLKZEROOUT, range.data()) == 0)
      return;
  } else if (::fallocate(fd.number(),
                         FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         static_cast<off_t>(offset),
                         static_cast<off_t>(length)) == 0) {
    return;
  }
  write_zeros(*this, fd, offset, length);
}

void LinuxSys::resize(const Fd &fd, std::uint64_t length)
{
  if (::ftruncate(fd.number(), static_cast<off_t>(length)) < 0)
    fail_errno("cannot set the length of {} to {}", path_of(fd), length);
}

void LinuxSys::allocate(const Fd &fd, std::uint64_t length)
{
  if (length == 0 || is_block_device(fd))
    return;
  if (::fallocate(fd.number(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(length)) < 0 &&
      errno != EOPNOTSUPP && errno != ENOSYS)
    fail_errno("cannot reserve {} bytes for {}", length, path_of(fd));
}

void LinuxSys::sync(const Fd &fd)
{
  if (::fsync(fd.number()) < 0)
    fail_errno("cannot bring {} to stable storage", path_of(fd));
}

void LinuxSys::sync(const Dir &dir)
{
  if (::fsync(dir.fd().number()) < 0)
    fail_errno("cannot bring the directory {} to stable storage", dir.path());
}

void LinuxSys::sync_file_system(const Dir &dir)
{
  if (::syncfs(dir.fd().number()) < 0)
    fail_errno("cannot bring the file system of {} to stable storage", dir.path());
}

void LinuxSys::close(Fd fd)
{
  // On Linux the descriptor is gone even if close fails, EINTR included: never a second try.
  if (::close(fd.release()) < 0 && errno != EINTR)
    fail_errno("cannot close a file that was written");
}

void LinuxSys::forget_cached(const Fd &fd, std::uint64_t offset, std::uint64_t length)
{
  // Advice: where it is not taken, the read-back still checks what the kernel holds.
  (void)::posix_fadvise(
      fd.number(), static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_DONTNEED);
}

void LinuxSys::set_attributes(const Fd &fd, const Attributes &attributes)
{
  const uid_t owner = attributes.owner.value_or(static_cast<uid_t>(-1));
  const gid_t group = attributes.group.value_or(static_cast<gid_t>(-1));
  if ((attributes.owner || attributes.group) &&
      ::fchownat(fd.number(), "", owner, group, AT_EMPTY_PATH) < 0)
    fail_errno("cannot set the owner of {}", path_of(fd));
  // After the owner, because a change of owner clears the setuid bits.
  if (attributes.mode && change_mode(fd, *attributes.mode) < 0)
    fail_errno("cannot set the mode of {}", path_of(fd));
  if (attributes.modified_us) {
    const timespec when = from_microseconds(*attributes.modified_us);
    const std::array<timespec, 2> times{when, when};
    if (::utimensat(fd.number(), "", times.data(), AT_EMPTY_PATH) < 0)
      fail_errno("cannot set the modification time of {}", path_of(fd));
  }
}

void LinuxSys::set_extended(const Fd &fd, const std::vector<ExtendedAttribute> &attributes)
{
  for (const ExtendedAttribute &attribute : attributes)
    if (::fsetxattr(fd.number(),
                    attribute.name.c_str(),
                    attribute.value.data(),
                    attribute.value.size(),
                    0) < 0)
      fail_errno("cannot set the extended attribute {} of {}", attribute.name, path_of(fd));
}

void LinuxSys::set_immutable(const Fd &fd, bool immutable)
{
  int flags = 0;
  if (::ioctl(fd.number(), FS_IOC_GETFLAGS, &flags) < 0) {
    if (errno == ENOTTY || errno == EOPNOTSUPP)
      return;
    fail_errno("cannot read the inode flags of {}", path_of(fd));
  }
  // What can only be appended to cannot be removed either.
  const int wanted =
      immutable ? flags | FS_IMMUTABLE_FL : flags & ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
  if (wanted == flags)
    return;
  if (::ioctl(fd.number(), FS_IOC_SETFLAGS, &wanted) < 0 && errno != ENOTTY && errno != EOPNOTSUPP)
    fail_errno("cannot change the immutable flag of {}", path_of(fd));
}

void LinuxSys::rename(const Dir &from_dir,
                      std::string_view from,
                      const Dir &to_dir,
                      std::string_view to,
                      Replace replace)
{
  const unsigned flags = replace == Replace::yes ? 0U : static_cast<unsigned>(RENAME_NOREPLACE);
  if (::renameat2(from_dir.fd().number(),
                  plain(from).c_str(),
                  to_dir.fd().number(),
                  plain(to).c_str(),
                  flags) < 0)
    fail_errno("cannot rename {} to {}", from_dir.display(from), to_dir.display(to));
}

void LinuxSys::hard_link(const Dir &from_dir,
                         std::string_view from,
                         const Dir &to_dir,
                         std::string_view to)
{
  if (::linkat(
          from_dir.fd().number(), plain(from).c_str(), to_dir.fd().number(), plain(to).c_str(), 0) <
      0)
    fail_errno("cannot link {} to {}", from_dir.display(from), to_dir.display(to));
}

void LinuxSys::symlink(std::string_view target, const Dir &dir, std::string_view name)
{
  if (::symlinkat(std::string(target).c_str(), dir.fd().number(), plain(name).c_str()) < 0)
    fail_errno("cannot make the symlink {}", dir.display(name));
}

void LinuxSys::make_dir(const Dir &dir, std::string_view name, mode_t mode)
{
  if (::mkdirat(dir.fd().number(), plain(name).c_str(), mode) < 0)
    fail_errno("cannot make the directory {}", dir.display(name));
}

void LinuxSys::make_node(const Dir &dir, std::string_view name, mode_t mode, dev_t device)
{
  if (::mknodat(dir.fd().number(), plain(name).c_str(), mode, device) < 0)
    fail_errno("cannot make the special file {}", dir.display(name));
}

void LinuxSys::make_subvolume(const Dir &dir, std::string_view name)
{
  check_btrfs(
      btrfs_util_create_subvolume_fd(dir.fd().number(), plain(name).c_str(), 0, nullptr, nullptr),
      "make the subvolume",
      dir.display(name));
}

void LinuxSys::set_subvolume_read_only(const Dir &subvolume, bool read_only)
{
  check_btrfs(btrfs_util_set_subvolume_read_only_fd(subvolume.fd().number(), read_only),
              "change the read-only flag of",
              subvolume.path());
}

void LinuxSys::remove(const Dir &dir, std::string_view name, Remove what)
{
  if (what == Remove::subvolume) {
    check_btrfs(btrfs_util_delete_subvolume_fd(
                    dir.fd().number(), plain(name).c_str(), BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE),
                "remove the subvolume",
                dir.display(name));
    return;
  }
  const int flags = what == Remove::directory ? AT_REMOVEDIR : 0;
  if (::unlinkat(dir.fd().number(), plain(name).c_str(), flags) < 0)
    fail_errno("cannot remove {}", dir.display(name));
}

bool LinuxSys::try_lock(const Fd &fd)
{
  if (::flock(fd.number(), LOCK_EX | LOCK_NB) == 0)
    return true;
  if (errno == EWOULDBLOCK)
    return false;
  fail_errno("cannot lock {}", path_of(fd));
}

void LinuxSys::announce_partitions(const Fd &disk, const std::vector<KernelPartition> &partitions)
{
  if (!is_block_device(disk))
    return;
  for (const KernelPartition &partition : partitions) {
    blkpg_partition described{};
    described.pno = static_cast<int>(partition.number);
    described.start = static_cast<long long>(partition.start);
    described.length = static_cast<long long>(partition.length);
    blkpg_ioctl_arg argument{};
    argument.op = BLKPG_ADD_PARTITION;
    argument.datalen = sizeof described;
    argument.data = &described;
    // EBUSY: the kernel knows it already. Devices that cannot have partitions say EINVAL or ENOTTY.
    if (::ioctl(disk.number(), BLKPG, &argument) < 0 && errno != EBUSY && errno != EINVAL &&
        errno != ENOTTY && errno != EACCES)
      fail_errno(
          "cannot tell the kernel about partition {} of {}", partition.number, path_of(disk));
  }
}

} // namespace base
