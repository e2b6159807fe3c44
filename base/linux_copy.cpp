// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace base {

namespace {

/// For file systems that cannot make a file without a name: one that nobody guesses, and which is
/// taken away at once.
Fd create_and_unlink(Sys &sys, const Dir &dir)
{
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number)
    fail_errno("cannot get random bytes");
  const std::string name = fmt::format(".strake-{:016x}", number);
  Fd file = sys.create(dir, name, 0600);
  sys.remove(dir, name, Remove::file);
  return file;
}

/// What the kernel will not copy by itself, in pieces through our memory.
void copy_by_hand(Sys &sys, const Fd &from, ByteRange range, const Fd &to, std::uint64_t offset)
{
  constexpr std::size_t step = std::size_t{1} << 20U;
  std::vector<std::byte> piece(std::min<std::uint64_t>(step, range.length));
  while (range.length > 0) {
    const std::size_t count = std::min<std::uint64_t>(piece.size(), range.length);
    if (read_at(from, range.start, MutableBytes(piece).first(count)) != count)
      fail(Kind::io, "{} ends before byte {}", path_of(from), range.start + count);
    sys.write_at(to, offset, Bytes(piece).first(count));
    range = {range.start + count, range.length - count};
    offset += count;
  }
}

} // namespace

Fd LinuxSys::create_unnamed(const Dir &dir)
{
  const int number =
      ::openat(dir.fd().number(), ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  if (number >= 0)
    return Fd(number);
  if (errno == EOPNOTSUPP || errno == EISDIR)
    return create_and_unlink(*this, dir);
  fail_errno("cannot create a file in {}", dir.path());
}

Fd LinuxSys::create_in_memory(const std::string &label)
{
  // From Linux 6.3 on the kernel wants to be told whether programs may be run from it.
  constexpr unsigned no_programs = 0x8U; // MFD_NOEXEC_SEAL
  int number = ::memfd_create(label.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | no_programs);
  if (number < 0 && errno == EINVAL)
    number = ::memfd_create(label.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (number < 0)
    fail_errno("cannot create a file in memory");
  return Fd(number);
}

void LinuxSys::seal(const Fd &fd)
{
  if (::fcntl(fd.number(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) <
      0)
    fail_errno("cannot seal {}", path_of(fd));
}

void LinuxSys::copy(const Fd &from, const ByteRange &range, const Fd &to, std::uint64_t offset)
{
  // One call moves at most 2 GiB less a page.
  constexpr std::uint64_t most = std::uint64_t{1} << 30U;
  if (::lseek(to.number(), static_cast<off_t>(offset), SEEK_SET) < 0)
    fail_errno("cannot write at offset {} of {}", offset, path_of(to));
  for (std::uint64_t done = 0; done < range.length;) {
    auto position = static_cast<off_t>(range.start + done);
    const ssize_t count =
        ::sendfile(to.number(), from.number(), &position, std::min(most, range.length - done));
    if (count > 0) {
      done += static_cast<std::uint64_t>(count);
      continue;
    }
    if (count == 0)
      fail(Kind::io, "{} ends before byte {}", path_of(from), range.start + range.length);
    if (errno == EINTR)
      continue;
    if (errno != EINVAL && errno != ENOSYS)
      fail_errno("cannot copy from {} to {}", path_of(from), path_of(to));
    copy_by_hand(*this, from, {range.start + done, range.length - done}, to, offset + done);
    return;
  }
}

} // namespace base
