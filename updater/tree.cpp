// SPDX-License-Identifier: Apache-2.0
#include "updater/tree.hpp"

#include "base/error.hpp"
#include "updater/tree_writer.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

namespace updater {

using base::Dir;
using base::Fd;
using base::Kind;

namespace {

/// Each level holds a descriptor open; a process has 1024 by default.
constexpr int deepest = 400;

std::string read_extended(const Fd &fd, const std::string &name)
{
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t size = ::fgetxattr(fd.number(), name.c_str(), value.data(), value.size());
  if (size < 0)
    base::fail_errno("cannot read the extended attribute {}", name);
  value.resize(static_cast<std::size_t>(size));
  return value;
}

std::vector<base::ExtendedAttribute> extended_of(const Fd &fd, Owners owners)
{
  std::vector<base::ExtendedAttribute> result;
  std::string names(XATTR_LIST_MAX, '\0');
  const ssize_t size = ::flistxattr(fd.number(), names.data(), names.size());
  if (size < 0 && errno == EOPNOTSUPP)
    return result;
  if (size < 0)
    base::fail_errno("cannot list extended attributes");
  names.resize(static_cast<std::size_t>(size));
  for (std::size_t at = 0; at < names.size(); at += std::strlen(&names[at]) + 1)
    if (const std::string name = &names[at]; keeps_extended(name, owners))
      result.push_back({name, read_extended(fd, name)});
  return result;
}

struct stat status_of(const Fd &fd)
{
  struct stat found = {};
  if (::fstat(fd.number(), &found) < 0)
    base::fail_errno("cannot look at an open file");
  return found;
}

class Copy {
public:
  Copy(base::Sys &sys, const Dir &into)
      : sys_(sys), owners_(possible_owners()), tree_(sys, into), buffer_(std::size_t{1} << 20U)
  {
  }

  void copy_directory(const Dir &from, const std::string &path, int depth);

  void finish() { tree_.finish(); }

private:
  void copy(const Dir &from, const std::string &name, const std::string &path, int depth);
  void copy_file(const Dir &from, const std::string &name, const std::string &path);
  void copy_data(const Fd &from, const Fd &to);
  InodeAttributes attributes(const struct stat &status) const;
  bool link_to_earlier(const struct stat &status, const std::string &path);

  base::Sys &sys_;
  Owners owners_;
  TreeWriter tree_;
  std::vector<std::byte> buffer_;
  std::map<std::pair<dev_t, ino_t>, std::string> earlier_; // inodes with several names
};

InodeAttributes Copy::attributes(const struct stat &status) const
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

bool Copy::link_to_earlier(const struct stat &status, const std::string &path)
{
  if (status.st_nlink < 2)
    return false;
  const auto [found, is_first] = earlier_.try_emplace({status.st_dev, status.st_ino}, path);
  if (!is_first)
    tree_.hard_link(path, found->second);
  return !is_first;
}

void Copy::copy_data(const Fd &from, const Fd &to)
{
  const auto size = static_cast<std::uint64_t>(status_of(from).st_size);
  std::uint64_t at = 0;
  while (at < size) {
    const off_t data = ::lseek(from.number(), static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) // a hole up to the end
      break;
    if (data < 0)
      base::fail_errno("cannot find the data of a file");
    const off_t hole = ::lseek(from.number(), data, SEEK_HOLE);
    if (hole < 0)
      base::fail_errno("cannot find the holes of a file");
    at = static_cast<std::uint64_t>(data);
    const auto end = static_cast<std::uint64_t>(hole);
    while (at < end) {
      const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end - at));
      const base::MutableBytes piece = base::MutableBytes(buffer_).first(step);
      if (base::read_at(from, at, piece) < step)
        base::fail(Kind::busy, "the file became shorter while it was copied");
      sys_.write_at(to, at, piece);
      at += step;
    }
  }
  sys_.resize(to, size);
}

void Copy::copy_file(const Dir &from, const std::string &name, const std::string &path)
{
  const Fd source = from.file(name);
  const struct stat status = status_of(source);
  if (!S_ISREG(status.st_mode))
    base::fail(Kind::busy, "the file was replaced while it was copied");
  InodeAttributes wanted = attributes(status);
  wanted.extended = extended_of(source, owners_);
  Fd target = tree_.file(path);
  copy_data(source, target);
  tree_.complete(std::move(target), wanted);
}

void Copy::copy(const Dir &from, const std::string &name, const std::string &path, int depth)
{
  const struct stat status = status_of(from.handle(name));
  if (S_ISDIR(status.st_mode)) {
    const std::optional<Dir> below = from.find_dir_no_symlinks(name);
    if (!below)
      base::fail(Kind::busy, "the directory was removed while it was copied");
    return copy_directory(*below, path, depth + 1);
  }
  if (S_ISSOCK(status.st_mode) || link_to_earlier(status, path))
    return;
  if (S_ISREG(status.st_mode))
    return copy_file(from, name, path);
  if (!S_ISLNK(status.st_mode))
    return tree_.node(path, status.st_mode & S_IFMT, status.st_rdev, attributes(status));
  const std::optional<std::string> target = from.link_target(name);
  if (!target)
    base::fail(Kind::busy, "the symlink was replaced while it was copied");
  tree_.symlink(path, *target, attributes(status));
}

void Copy::copy_directory(const Dir &from, const std::string &path, int depth)
{
  if (depth > deepest)
    base::fail(Kind::config, "{} lies deeper than {} directories", from.path(), deepest);
  InodeAttributes wanted = attributes(status_of(from.fd()));
  wanted.extended = extended_of(from.fd(), owners_);
  tree_.directory(path, std::move(wanted));
  for (const base::DirEntry &entry : from.entries()) {
    const std::string below = path.empty() ? entry.name : path + "/" + entry.name;
    if (entry.type == S_IFDIR) // names itself further down
      copy(from, entry.name, below, depth);
    else
      base::during(fmt::format("copying {}", from.display(entry.name)),
                   [&] { copy(from, entry.name, below, depth); });
  }
}

} // namespace

void copy_tree(base::Sys &sys, const Dir &from, const Dir &into)
{
  Copy copy(sys, into);
  copy.copy_directory(from, "", 0);
  copy.finish();
}

} // namespace updater
