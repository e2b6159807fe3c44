// SPDX-License-Identifier: Apache-2.0
#include "base/tree_writer.hpp"

#include "base/error.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace base {

namespace {

/// While a tree is being made nobody else may look into it or add to it.
constexpr mode_t private_directory = 0700;
constexpr mode_t private_file = 0600;
constexpr mode_t implied_directory = 0755;

} // namespace

Owners possible_owners()
{
  return ::geteuid() == 0 ? Owners::recorded : Owners::own;
}

bool keeps_extended(std::string_view name, Owners owners)
{
  return name.starts_with("user.") || name.starts_with("system.posix_acl_") ||
         (owners == Owners::recorded && name.starts_with("security."));
}

mode_t kept_mode(mode_t mode, Owners owners)
{
  constexpr mode_t all = 07777;
  constexpr mode_t without_setuid = 01777;
  return mode & (owners == Owners::recorded ? all : without_setuid);
}

std::optional<Dir> TreeWriter::find(const std::string &path) const
{
  try {
    return into_.find_dir_no_symlinks(path);
  } catch (const Error &error) {
    if (error.os_error() == ELOOP || error.os_error() == ENOTDIR || error.os_error() == EXDEV)
      fail(Kind::untrusted, "\"{}\" is not a directory, or lies behind a symlink", path);
    throw;
  }
}

/// The directory that `path` is in, made with those above it if need be.
const Dir &TreeWriter::parent(const std::string &path)
{
  const std::string wanted = split_path(path).parent;
  if (parent_ && parent_path_ == wanted)
    return *parent_;
  std::optional<Dir> dir = find(wanted);
  if (!dir) {
    sys_.make_dir(parent(wanted), split_path(wanted).name, private_directory);
    directories_[wanted].attributes.mode = implied_directory;
    dir = find(wanted);
  }
  if (!dir)
    fail(Kind::busy, "\"{}\" was removed while it was written to", wanted);
  parent_ = std::move(dir);
  parent_path_ = wanted;
  return *parent_;
}

void TreeWriter::clear(const Dir &dir, const std::string &name)
{
  const auto there = dir.status(name);
  if (!there)
    return;
  if (S_ISDIR(there->st_mode))
    fail(Kind::untrusted, "there is a directory of this name already");
  sys_.remove(dir, name, Remove::file);
}

void TreeWriter::set(const Fd &fd, const InodeAttributes &attributes)
{
  Attributes owner;
  owner.owner = attributes.attributes.owner;
  owner.group = attributes.attributes.group;
  Attributes rest;
  rest.mode = attributes.attributes.mode;
  rest.modified_us = attributes.attributes.modified_us;
  // A new owner clears file capabilities and setuid bits; a mode without "w" forbids user.*.
  sys_.set_attributes(fd, owner);
  if (!attributes.extended.empty())
    sys_.set_extended(fd, attributes.extended);
  sys_.set_attributes(fd, rest);
}

void TreeWriter::set_at(const Dir &dir, const std::string &name, const InodeAttributes &attributes)
{
  sys_.set_attributes(dir.handle(name), attributes.attributes);
}

void TreeWriter::directory(const std::string &path, InodeAttributes attributes)
{
  if (path.empty()) {
    directories_[path] = std::move(attributes);
    return;
  }
  const std::string name = split_path(path).name;
  const Dir &dir = parent(path);
  const auto there = dir.status(name);
  if (there && S_ISDIR(there->st_mode)) {
    if (const auto made = directories_.find(path); made != directories_.end())
      made->second = std::move(attributes);
    return;
  }
  clear(dir, name);
  sys_.make_dir(dir, name, private_directory);
  directories_[path] = std::move(attributes);
}

Fd TreeWriter::file(const std::string &path)
{
  const std::string name = split_path(path).name;
  const Dir &dir = parent(path);
  clear(dir, name);
  return sys_.create(dir, name, private_file);
}

void TreeWriter::complete(Fd file, const InodeAttributes &attributes)
{
  set(file, attributes);
  sys_.close(std::move(file));
}

void TreeWriter::symlink(const std::string &path,
                         const std::string &target,
                         const InodeAttributes &attributes)
{
  const std::string name = split_path(path).name;
  const Dir &dir = parent(path);
  clear(dir, name);
  sys_.symlink(target, dir, name);
  InodeAttributes without_mode = attributes;
  without_mode.attributes.mode.reset();
  set_at(dir, name, without_mode);
}

void TreeWriter::hard_link(const std::string &path, const std::string &target)
{
  if (path == target)
    fail(Kind::untrusted, "it is a hard link to itself");
  const SplitPath from = split_path(target);
  const std::optional<Dir> from_dir = find(from.parent);
  const auto there = from_dir && !from.name.empty() ? from_dir->status(from.name) : std::nullopt;
  if (!there)
    fail(Kind::untrusted, "it is a hard link to \"{}\", which is not there", target);
  if (S_ISDIR(there->st_mode))
    fail(Kind::untrusted, "it is a hard link to \"{}\", which is a directory", target);
  const std::string name = split_path(path).name;
  const Dir &dir = parent(path);
  clear(dir, name);
  sys_.hard_link(*from_dir, from.name, dir, name);
}

void TreeWriter::node(const std::string &path,
                      mode_t type,
                      dev_t device,
                      const InodeAttributes &attributes)
{
  const std::string name = split_path(path).name;
  const Dir &dir = parent(path);
  clear(dir, name);
  sys_.make_node(dir, name, type | private_file, device);
  set_at(dir, name, attributes);
}

void TreeWriter::finish()
{
  parent_.reset();
  // A child sorts behind its parent, so backwards means children first.
  for (auto made = directories_.rbegin(); made != directories_.rend(); ++made) {
    const std::optional<Dir> dir = find(made->first);
    if (!dir)
      fail(Kind::busy, "\"{}\" was removed while it was written to", made->first);
    during(fmt::format("setting the attributes of \"{}\"", made->first),
           [&] { set(dir->fd(), made->second); });
  }
  directories_.clear();
}

} // namespace base
