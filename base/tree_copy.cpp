// SPDX-License-Identifier: Apache-2.0
#include "base/tree_copy.hpp"

#include "base/error.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace base {

namespace {

/// Each level holds a descriptor open; a process has 1024 by default.
constexpr int deepest = 400;

std::string read_extended(const Fd &fd, const std::string &name)
{
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t size = ::fgetxattr(fd.number(), name.c_str(), value.data(), value.size());
  if (size < 0)
    fail_errno("cannot read the extended attribute {}", name);
  value.resize(static_cast<std::size_t>(size));
  return value;
}

} // namespace

struct stat status_of(const Fd &fd)
{
  struct stat found = {};
  if (::fstat(fd.number(), &found) < 0)
    fail_errno("cannot look at an open file");
  return found;
}

std::vector<ExtendedAttribute> extended_of(const Fd &fd, Owners owners)
{
  std::vector<ExtendedAttribute> result;
  std::string names(XATTR_LIST_MAX, '\0');
  const ssize_t size = ::flistxattr(fd.number(), names.data(), names.size());
  if (size < 0 && errno == EOPNOTSUPP)
    return result;
  if (size < 0)
    fail_errno("cannot list extended attributes");
  names.resize(static_cast<std::size_t>(size));
  for (std::size_t at = 0; at < names.size(); at += std::strlen(&names[at]) + 1)
    if (const std::string name = &names[at]; keeps_extended(name, owners))
      result.push_back({name, read_extended(fd, name)});
  std::sort(result.begin(), result.end(), [](const auto &one, const auto &other) {
    return one.name < other.name;
  });
  return result;
}

TreeCopy::TreeCopy(Sys &sys, const Dir &into)
    : sys_(sys), owners_(possible_owners()), tree_(sys, into), buffer_(std::size_t{1} << 20U)
{
}

InodeAttributes TreeCopy::attributes(const struct stat &status) const
{
  constexpr std::int64_t second = 1'000'000;
  InodeAttributes result;
  result.attributes.mode = kept_mode(status.st_mode, owners_);
  result.attributes.modified_us = status.st_mtim.tv_sec * second + status.st_mtim.tv_nsec / 1000;
  if (owners_ == Owners::recorded) {
    result.attributes.owner = status.st_uid;
    result.attributes.group = status.st_gid;
  }
  return result;
}

bool TreeCopy::link_to_earlier(const struct stat &status, const std::string &path)
{
  if (status.st_nlink < 2)
    return false;
  const auto [found, is_first] = earlier_.try_emplace({status.st_dev, status.st_ino}, path);
  if (!is_first)
    tree_.hard_link(path, found->second);
  return !is_first;
}

void TreeCopy::data(const Fd &from, const Fd &to)
{
  const auto size = static_cast<std::uint64_t>(status_of(from).st_size);
  std::uint64_t at = 0;
  while (at < size) {
    const off_t data = ::lseek(from.number(), static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) // a hole up to the end
      break;
    if (data < 0)
      fail_errno("cannot find the data of a file");
    const off_t hole = ::lseek(from.number(), data, SEEK_HOLE);
    if (hole < 0)
      fail_errno("cannot find the holes of a file");
    at = static_cast<std::uint64_t>(data);
    const auto end = static_cast<std::uint64_t>(hole);
    while (at < end) {
      const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end - at));
      const MutableBytes piece = MutableBytes(buffer_).first(step);
      if (read_at(from, at, piece) < step)
        fail(Kind::busy, "the file became shorter while it was copied");
      sys_.write_at(to, at, piece);
      at += step;
    }
  }
  sys_.resize(to, size);
}

void TreeCopy::file(const Dir &from, const std::string &name, const std::string &path)
{
  const Fd source = from.file(name);
  const struct stat status = status_of(source);
  if (!S_ISREG(status.st_mode))
    fail(Kind::busy, "the file was replaced while it was copied");
  InodeAttributes wanted = attributes(status);
  wanted.extended = extended_of(source, owners_);
  Fd target = tree_.file(path);
  data(source, target);
  tree_.complete(std::move(target), wanted);
}

void TreeCopy::entry(const Dir &from, const std::string &name, const std::string &path, int depth)
{
  const struct stat status = status_of(from.handle(name));
  if (S_ISDIR(status.st_mode)) {
    const std::optional<Dir> below = from.find_dir_no_symlinks(name);
    if (!below)
      fail(Kind::busy, "the directory was removed while it was copied");
    directory(*below, path);
    return content(*below, path, depth + 1);
  }
  if (S_ISSOCK(status.st_mode) || link_to_earlier(status, path))
    return;
  if (S_ISREG(status.st_mode))
    return file(from, name, path);
  if (!S_ISLNK(status.st_mode))
    return tree_.node(path, status.st_mode & S_IFMT, status.st_rdev, attributes(status));
  const std::optional<std::string> target = from.link_target(name);
  if (!target)
    fail(Kind::busy, "the symlink was replaced while it was copied");
  tree_.symlink(path, *target, attributes(status));
}

void TreeCopy::directory(const Dir &from,
                         const std::string &path,
                         const std::vector<ExtendedAttribute> &more)
{
  InodeAttributes wanted = attributes(status_of(from.fd()));
  wanted.extended = extended_of(from.fd(), owners_);
  wanted.extended.insert(wanted.extended.end(), more.begin(), more.end());
  tree_.directory(path, std::move(wanted));
}

void TreeCopy::content(const Dir &from, const std::string &path, int depth)
{
  if (depth > deepest)
    fail(Kind::config, "{} lies deeper than {} directories", from.path(), deepest);
  for (const DirEntry &each : from.entries()) {
    const std::string below = path.empty() ? each.name : path + "/" + each.name;
    if (each.type == S_IFDIR) // names itself further down
      entry(from, each.name, below, depth);
    else
      during(fmt::format("copying {}", from.display(each.name)),
             [&] { entry(from, each.name, below, depth); });
  }
}

void copy_tree(Sys &sys, const Dir &from, const Dir &into)
{
  TreeCopy copy(sys, into);
  copy.directory(from, "");
  copy.content(from, "");
  copy.finish();
}

} // namespace base
