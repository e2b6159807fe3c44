// SPDX-License-Identifier: Apache-2.0
#include "base/dir.hpp"

#include "base/error.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace base {

Fd::~Fd()
{
  if (number_ >= 0)
    ::close(number_);
}

namespace {

std::string relative(std::string_view path)
{
  while (path.starts_with('/'))
    path.remove_prefix(1);
  return path.empty() ? "." : std::string(path);
}

int open_below(const Fd &root, std::string_view path, unsigned flags, unsigned resolve)
{
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  const std::string name = relative(path);
  long number = -1;
  do
    number = ::syscall(SYS_openat2, root.number(), name.c_str(), &how, sizeof how);
  while (number < 0 && (errno == EINTR || errno == EAGAIN)); // EAGAIN: a rename raced with ".."
  return static_cast<int>(number);
}

/// Without its symlink being followed, such a path cannot lead out of its directory.
bool is_one_name(std::string_view path)
{
  return !path.empty() && path != ".." && path.find('/') == std::string_view::npos;
}

bool is_absent(int os_error)
{
  return os_error == ENOENT || os_error == ENOTDIR;
}

} // namespace

Dir Dir::open_root(const std::string &path)
{
  const int number = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0)
    fail_errno("cannot open the directory {}", path);
  return {Fd(number), path};
}

std::string Dir::display(std::string_view below) const
{
  const std::string name = relative(below);
  if (name == ".")
    return path_;
  return path_.ends_with('/') ? path_ + name : path_ + "/" + name;
}

Dir Dir::again() const
{
  return dir(".");
}

Dir Dir::dir(std::string_view path) const
{
  const int number = open_below(fd_, path, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT);
  if (number < 0)
    fail_errno("cannot open the directory {}", display(path));
  return {Fd(number), display(path)};
}

std::optional<Dir> Dir::find_dir(std::string_view path) const
{
  const int number = open_below(fd_, path, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT);
  if (number < 0 && errno == ENOENT)
    return std::nullopt;
  if (number < 0)
    fail_errno("cannot open the directory {}", display(path));
  return Dir(Fd(number), display(path));
}

std::optional<Dir> Dir::find_dir_no_symlinks(std::string_view path) const
{
  const int number =
      open_below(fd_, path, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
  if (number < 0 && errno == ENOENT)
    return std::nullopt;
  if (number < 0)
    fail_errno("cannot open the directory {} without following symlinks", display(path));
  return Dir(Fd(number), display(path));
}

Fd Dir::file(std::string_view path) const
{
  const int number = open_below(fd_, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_IN_ROOT);
  if (number < 0)
    fail_errno("cannot open {}", display(path));
  return Fd(number);
}

std::optional<Fd> Dir::find_file(std::string_view path) const
{
  const int number = open_below(fd_, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_IN_ROOT);
  if (number < 0 && is_absent(errno))
    return std::nullopt;
  if (number < 0)
    fail_errno("cannot open {}", display(path));
  return Fd(number);
}

std::optional<std::string> Dir::text(std::string_view path, std::size_t limit) const
{
  const std::optional<Fd> fd = find_file(path);
  if (!fd)
    return std::nullopt;
  std::string content;
  constexpr std::size_t step = 64 * 1024;
  for (;;) {
    const std::size_t before = content.size();
    content.resize(before + step);
    const std::size_t count =
        read_at(*fd, before, std::as_writable_bytes(std::span(content).subspan(before)));
    content.resize(before + count);
    if (content.size() > limit)
      fail(Kind::config, "{} is larger than {} bytes, which is refused", display(path), limit);
    if (count < step)
      return content;
  }
}

Fd Dir::handle(std::string_view path) const
{
  const int number = open_below(fd_, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT);
  if (number < 0)
    fail_errno("cannot look at {}", display(path));
  return Fd(number);
}

std::optional<struct stat> Dir::status(std::string_view path) const
{
  if (is_one_name(path)) { // one call in place of three, for those who look at whole trees
    struct stat result = {};
    if (::fstatat(fd_.number(), std::string(path).c_str(), &result, AT_SYMLINK_NOFOLLOW) == 0)
      return result;
    if (is_absent(errno))
      return std::nullopt;
    fail_errno("cannot look at {}", display(path));
  }
  const int number = open_below(fd_, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT);
  if (number < 0 && is_absent(errno))
    return std::nullopt;
  if (number < 0)
    fail_errno("cannot look at {}", display(path));
  const Fd fd(number);
  struct stat result = {};
  if (::fstat(fd.number(), &result) < 0)
    fail_errno("cannot look at {}", display(path));
  return result;
}

std::optional<Fd> Dir::target_handle(std::string_view path) const
{
  const int number = open_below(fd_, path, O_PATH, RESOLVE_IN_ROOT);
  if (number < 0 && is_absent(errno))
    return std::nullopt;
  if (number < 0)
    fail_errno("cannot look at {}", display(path));
  return Fd(number);
}

std::optional<struct stat> Dir::target_status(std::string_view path) const
{
  const std::optional<Fd> fd = target_handle(path);
  if (!fd)
    return std::nullopt;
  struct stat result = {};
  if (::fstat(fd->number(), &result) < 0)
    fail_errno("cannot look at {}", display(path));
  return result;
}

std::optional<std::string> Dir::link_target(std::string_view path) const
{
  const int number = open_below(fd_, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT);
  if (number < 0 && is_absent(errno))
    return std::nullopt;
  if (number < 0)
    fail_errno("cannot look at {}", display(path));
  const Fd fd(number);
  std::string text(4096, '\0');
  const ssize_t length = ::readlinkat(fd.number(), "", text.data(), text.size());
  if (length < 0 && (errno == EINVAL || errno == ENOENT)) // not a symlink
    return std::nullopt;
  if (length < 0)
    fail_errno("cannot read the symlink {}", display(path));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::vector<DirEntry> Dir::entries() const
{
  // A descriptor of its own, because reading a directory moves its offset.
  Fd own = std::move(dir(".").fd_);
  const Unique<DIR, ::closedir> stream(::fdopendir(own.number()));
  if (!stream)
    fail_errno("cannot list {}", path_);
  (void)own.release();

  std::vector<DirEntry> result;
  errno = 0;
  while (const dirent *entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..")
      continue;
    mode_t type = DTTOIF(static_cast<mode_t>(entry->d_type));
    if (entry->d_type == DT_UNKNOWN)
      if (const auto found = status(name))
        type = found->st_mode & S_IFMT;
    result.push_back({name, type});
    errno = 0;
  }
  if (errno != 0)
    fail_errno("cannot list {}", path_);
  std::sort(result.begin(), result.end(), [](const DirEntry &one, const DirEntry &other) {
    return one.name < other.name;
  });
  return result;
}

std::string path_of(const Fd &fd)
{
  const int saved = errno;
  std::array<char, 4096> path{};
  const std::string link = fmt::format("/proc/self/fd/{}", fd.number());
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  errno = saved;
  return length < 0 ? "a file" : std::string(path.data(), static_cast<std::size_t>(length));
}

std::size_t read_at(const Fd &fd, std::uint64_t offset, MutableBytes data)
{
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t count = ::pread(
        fd.number(), data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      fail_errno("cannot read {} bytes at offset {} of {}",
                 data.size() - done,
                 offset + done,
                 path_of(fd));
    if (count == 0)
      break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Fd duplicate(const Fd &fd)
{
  const int number = ::fcntl(fd.number(), F_DUPFD_CLOEXEC, 0);
  if (number < 0)
    fail_errno("cannot get a further descriptor of {}", path_of(fd));
  return Fd(number);
}

std::uint64_t size_of(const Fd &fd)
{
  struct stat found = {};
  if (::fstat(fd.number(), &found) < 0)
    fail_errno("cannot look at {}", path_of(fd));
  if (!S_ISBLK(found.st_mode))
    return static_cast<std::uint64_t>(found.st_size);
  std::uint64_t bytes = 0;
  if (::ioctl(fd.number(), BLKGETSIZE64, &bytes) < 0)
    fail_errno("cannot learn the size of {}", path_of(fd));
  return bytes;
}

bool is_block_device(const Fd &fd)
{
  struct stat found = {};
  return ::fstat(fd.number(), &found) == 0 && S_ISBLK(found.st_mode);
}

SplitPath split_path(std::string_view path)
{
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos)
    return {"", std::string(path)};
  return {std::string(slash == 0 ? "/" : path.substr(0, slash)),
          std::string(path.substr(slash + 1))};
}

} // namespace base
