// SPDX-License-Identifier: Apache-2.0
#include "base/medium.hpp"

#include "base/dir.hpp"
#include "base/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace base {

namespace {

/// Large enough that a disk without read-ahead is kept busy.
constexpr std::size_t piece = std::size_t{4} << 20U;

/// What any disk asks of offsets, lengths and memory.
constexpr std::size_t alignment = 4096;

Fd reopen_direct(const Fd &fd)
{
  const std::string again = fmt::format("/proc/self/fd/{}", fd.number());
  return Fd(::open(again.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
}

} // namespace

MediumReader::MediumReader(const Fd &fd, std::uint64_t start)
    : fd_(fd), direct_(reopen_direct(fd)), position_(start),
      buffer_(static_cast<std::byte *>(std::aligned_alloc(alignment, piece)))
{
  if (!buffer_)
    throw std::bad_alloc();
}

Bytes MediumReader::next(std::uint64_t most)
{
  const std::uint64_t from = position_ - position_ % alignment;
  const auto skip = static_cast<std::size_t>(position_ - from);
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most, piece - skip));
  const std::size_t length = (skip + wanted + alignment - 1) / alignment * alignment;
  const std::size_t count = fill(from, length);
  if (count <= skip)
    return {};
  const Bytes data(buffer_.get() + skip, std::min(count - skip, wanted));
  position_ += data.size();
  return data;
}

std::size_t MediumReader::fill(std::uint64_t from, std::size_t length)
{
  if (direct_.valid()) {
    ssize_t count = 0;
    do
      count = ::pread(direct_.number(), buffer_.get(), length, static_cast<off_t>(from));
    while (count < 0 && errno == EINTR);
    if (count >= 0)
      return static_cast<std::size_t>(count);
    if (errno != EINVAL)
      fail_errno("cannot read {} from the medium", path_of(fd_));
    direct_ = Fd(); // there are file systems that take the flag and then refuse the read
  }
  return read_at(fd_, from, {buffer_.get(), length});
}

} // namespace base
