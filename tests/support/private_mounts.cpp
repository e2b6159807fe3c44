// SPDX-License-Identifier: Apache-2.0
#include "support/private_mounts.hpp"

#include "base/error.hpp"
#include "base/linux_sys.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>

namespace support {

namespace {

void become_root_of_a_namespace()
{
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER) < 0)
    base::fail_errno("cannot get a user namespace");
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << fmt::format("0 {} 1", user);
  std::ofstream("/proc/self/gid_map") << fmt::format("0 {} 1", group);
}

} // namespace

void enter_private_mounts()
{
  static bool is_done = false;
  if (is_done)
    return;
  if (::geteuid() != 0)
    become_root_of_a_namespace();
  base::LinuxSys().leave_shared_mounts();
  is_done = true;
}

} // namespace support
