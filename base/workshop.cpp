// SPDX-License-Identifier: Apache-2.0
#include "base/workshop.hpp"

#include "base/error.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <exception>
#include <thread>

namespace base {

namespace {

std::uint64_t mount_number(const Fd &inside)
{
  struct statx found = {};
  if (::statx(inside.number(), "", AT_EMPTY_PATH, STATX_MNT_ID, &found) < 0)
    fail_errno("cannot look at the mount of {}", path_of(inside));
  return found.stx_mnt_id;
}

/// The top of the mount that holds this.
Fd top_of(const Fd &inside)
{
  const std::uint64_t mount = mount_number(inside);
  Fd top(::openat(inside.number(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (;;) {
    Fd above(::openat(top.number(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!above.valid())
      fail_errno("cannot open what holds {}", path_of(inside));
    struct stat one = {};
    struct stat other = {};
    if (::fstat(top.number(), &one) < 0 || ::fstat(above.number(), &other) < 0)
      fail_errno("cannot look at what holds {}", path_of(inside));
    const bool is_same = one.st_dev == other.st_dev && one.st_ino == other.st_ino;
    if (is_same || mount_number(above) != mount)
      return top;
    top = std::move(above);
  }
}

} // namespace

void Workshop::enter()
{
  if (::unshare(CLONE_FS) < 0)
    fail_errno("cannot leave the directory that all threads are in");
  if (mounts_.valid()) {
    if (::setns(mounts_.number(), CLONE_NEWNS) < 0)
      fail_errno("cannot go back to mounts of our own");
    return;
  }
  if (::unshare(CLONE_NEWNS) < 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
    fail_errno("cannot get mounts of our own");
  // Each system has a /usr, and nothing is looked for in it here.
  if (::move_mount(floor_.fd().number(), "", AT_FDCWD, "/usr", MOVE_MOUNT_F_EMPTY_PATH) < 0)
    fail_errno("cannot mount a tmpfs where nobody sees it");
  mounts_ = Fd(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!mounts_.valid())
    fail_errno("cannot open /proc/thread-self/ns/mnt");
}

void Workshop::run(const std::function<void()> &work)
{
  std::exception_ptr failed;
  std::thread worker([&] {
    try {
      enter();
      work();
    } catch (...) {
      failed = std::current_exception();
    }
  });
  worker.join();
  if (failed)
    std::rethrow_exception(failed);
}

void Workshop::hang_up(const Fd &inside)
{
  if (has(inside))
    return;
  const Fd top = top_of(inside);
  const std::string hook = std::to_string(hung_.size());
  if (::mkdirat(floor_.fd().number(), hook.c_str(), 0700) < 0 && errno != EEXIST)
    fail_errno("cannot make a place to hang up {}", path_of(inside));
  if (::move_mount(top.number(), "", floor_.fd().number(), hook.c_str(), MOVE_MOUNT_F_EMPTY_PATH) <
      0)
    fail_errno("cannot hang up {}", path_of(inside));
  hung_.insert(mount_number(inside));
}

bool Workshop::has(const Fd &inside) const
{
  return hung_.contains(mount_number(inside));
}

} // namespace base
