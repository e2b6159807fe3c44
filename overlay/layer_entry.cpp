// SPDX-License-Identifier: Apache-2.0
#include "overlay/layer_entry.hpp"

#include "base/error.hpp"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <array>
#include <optional>
#include <string_view>

namespace overlay {

namespace {

constexpr std::array<const char *, 2> prefixes = {"trusted.overlay.", "user.overlay."};

/// Nothing if there is no such attribute; "" for one that is longer than the words that count.
std::optional<std::string> find_attribute(const base::Fd &fd, const std::string &name)
{
  std::array<char, 16> value{};
  const ssize_t length = ::fgetxattr(fd.number(), name.c_str(), value.data(), value.size());
  if (length >= 0)
    return std::string(value.data(), static_cast<std::size_t>(length));
  if (errno == ERANGE)
    return "";
  if (errno == ENODATA || errno == EOPNOTSUPP)
    return std::nullopt;
  base::fail_errno("cannot read the extended attribute {} of {}", name, base::path_of(fd));
}

bool has_attributes(const base::Fd &fd)
{
  const ssize_t length = ::flistxattr(fd.number(), nullptr, 0);
  if (length < 0 && errno != EOPNOTSUPP)
    base::fail_errno("cannot list the extended attributes of {}", base::path_of(fd));
  return length > 0;
}

bool is_whiteout_file(const base::Dir &dir, const std::string &name)
{
  const base::Fd file = dir.file(name);
  for (const char *prefix : prefixes)
    if (find_attribute(file, std::string(prefix) + "whiteout"))
      return true;
  return false;
}

bool is_same_content(const base::Fd &one, const base::Fd &other)
{
  constexpr std::size_t step = 64 * 1024;
  std::string left(step, '\0');
  std::string right(step, '\0');
  for (std::uint64_t at = 0;; at += step) {
    const auto part_of = [&](const base::Fd &fd, std::string &text) {
      const std::size_t count = base::read_at(fd, at, std::as_writable_bytes(std::span(text)));
      return std::string_view(text).substr(0, count);
    };
    const std::string_view part = part_of(one, left);
    if (part != part_of(other, right))
      return false;
    if (part.size() < step)
      return true;
  }
}

} // namespace

DirectoryMarks read_marks(const base::Dir &dir)
{
  DirectoryMarks marks;
  if (!has_attributes(dir.fd()))
    return marks;
  for (const std::string prefix : prefixes) {
    const std::string opaque = find_attribute(dir.fd(), prefix + "opaque").value_or("");
    marks.is_opaque = marks.is_opaque || opaque == "y" ||
                      find_attribute(dir.fd(), prefix + "redirect").has_value();
    marks.has_whiteout_files = marks.has_whiteout_files || opaque == "x";
  }
  return marks;
}

EntryKind kind_of(const base::Dir &dir,
                  const DirectoryMarks &marks,
                  const std::string &name,
                  const struct stat &status)
{
  switch (status.st_mode & S_IFMT) {
  case S_IFDIR:
    return EntryKind::directory;
  case S_IFREG:
    return marks.has_whiteout_files && status.st_size == 0 && is_whiteout_file(dir, name)
               ? EntryKind::whiteout
               : EntryKind::file;
  case S_IFLNK:
    return EntryKind::file;
  case S_IFCHR:
    return status.st_rdev == makedev(0, 0) ? EntryKind::whiteout : EntryKind::device;
  case S_IFBLK:
    return EntryKind::device;
  default:
    return EntryKind::special;
  }
}

bool is_same_file(const base::Dir &one, const base::Dir &other, const std::string &name)
{
  const auto left = one.status(name);
  const auto right = other.status(name);
  if (!left || !right || left->st_mode != right->st_mode || left->st_uid != right->st_uid ||
      left->st_gid != right->st_gid || left->st_size != right->st_size)
    return false;
  if (S_ISLNK(left->st_mode))
    return one.link_target(name) == other.link_target(name);
  return S_ISREG(left->st_mode) && is_same_content(one.file(name), other.file(name));
}

bool has_capabilities(const base::Dir &dir, const std::string &name)
{
  const base::Fd file = dir.file(name);
  return has_attributes(file) && find_attribute(file, "security.capability").has_value();
}

bool sets_user(const struct stat &status)
{
  // Of a file that its group may not run, the group's bit means something else.
  return S_ISREG(status.st_mode) &&
         ((status.st_mode & S_ISUID) != 0 ||
          ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0));
}

} // namespace overlay
