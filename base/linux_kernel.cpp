// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"

#include <linux/kexec.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace base {

void LinuxSys::load_kernel(const Fd &image,
                           const std::optional<Fd> &initrd,
                           const std::string &options)
{
  const unsigned long flags = initrd ? 0 : KEXEC_FILE_NO_INITRAMFS;
  if (::syscall(SYS_kexec_file_load,
                image.number(),
                initrd ? initrd->number() : -1,
                options.size() + 1,
                options.c_str(),
                flags) < 0)
    fail_errno("the kernel does not take another one to go over to (kexec)");
}

void LinuxSys::unload_kernel()
{
  if (::syscall(SYS_kexec_file_load, -1, -1, 0UL, nullptr, KEXEC_FILE_UNLOAD) < 0)
    fail_errno("the kernel does not let go of the one to go over to (kexec)");
}

} // namespace base
