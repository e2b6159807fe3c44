// SPDX-License-Identifier: Apache-2.0
#include "verity/file_system.hpp"

#include "base/error.hpp"

#include <blkid/blkid.h>

#include <cerrno>

namespace verity {

std::string file_system_type(const base::Fd &file, const base::ByteRange &range)
{
  const base::Unique<blkid_struct_probe, blkid_free_probe> probe(::blkid_new_probe());
  if (!probe || ::blkid_probe_set_device(probe.get(),
                                         file.number(),
                                         static_cast<blkid_loff_t>(range.start),
                                         static_cast<blkid_loff_t>(range.length)) < 0)
    base::fail(base::Kind::internal, "libblkid cannot be used");
  ::blkid_probe_enable_superblocks(probe.get(), 1);
  ::blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE);
  const char *type = nullptr;
  constexpr int several = -2;
  errno = 0;
  const int outcome = ::blkid_do_safeprobe(probe.get());
  if (outcome < 0 && outcome != several)
    base::fail_os(
        errno != 0 ? errno : EIO, "cannot look for a file system in {}", base::path_of(file));
  if (outcome != 0 || ::blkid_probe_lookup_value(probe.get(), "TYPE", &type, nullptr) < 0)
    return "";
  return type;
}

} // namespace verity
