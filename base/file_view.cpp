// SPDX-License-Identifier: Apache-2.0
#include "base/file_view.hpp"

#include "base/dir.hpp"
#include "base/error.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace base {

FileView::FileView(const Fd &fd, const ByteRange &range)
{
  const std::uint64_t size = size_of(fd);
  if (range.start > size || range.length > size - range.start)
    fail(Kind::io, "{} ends before byte {}", path_of(fd), range.start + range.length);
  const auto before = range.start % static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  length_ = before + range.length;
  // Private, although nothing is written: before Linux 6.7 a shared one keeps a file from being
  // sealed.
  start_ = ::mmap(nullptr,
                  length_,
                  PROT_READ,
                  MAP_PRIVATE,
                  fd.number(),
                  static_cast<off_t>(range.start - before));
  if (start_ == MAP_FAILED)
    fail_errno(
        "cannot map {} bytes at offset {} of {}", length_, range.start - before, path_of(fd));
  Rollback unmap([this] { ::munmap(start_, length_); });
  // What cannot be read is an error here, and no signal later. Linux before 5.14 has no such call.
  if (::madvise(start_, length_, MADV_POPULATE_READ) < 0 && errno != EINVAL)
    fail_errno("cannot read {} bytes at offset {} of {}", range.length, range.start, path_of(fd));
  bytes_ = {static_cast<const std::byte *>(start_) + before, range.length};
  unmap.dismiss();
}

FileView::~FileView()
{
  ::munmap(start_, length_);
}

} // namespace base
