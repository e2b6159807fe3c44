// SPDX-License-Identifier: Apache-2.0
#include "support/recorder.hpp"

#include "base/error.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace support {

namespace {

bool makes_node(CallKind kind)
{
  return kind == CallKind::create || kind == CallKind::symlink || kind == CallKind::make_dir;
}

struct stat status_of(int fd)
{
  struct stat found = {};
  if (::fstat(fd, &found) < 0)
    base::fail_errno("cannot look at an open file");
  return found;
}

std::int64_t modified_us(const struct stat &found)
{
  return found.st_mtim.tv_sec * 1'000'000 + found.st_mtim.tv_nsec / 1000;
}

} // namespace

Recorder::Recorder(const base::Dir &root, const Layout &layout) : root_(root.path())
{
  TreeReading reading = read_tree(root, layout.vfat);
  recording_.before = std::move(reading.tree);
  nodes_ = std::move(reading.nodes);
  for (const Node &node : recording_.before.nodes)
    file_systems_.push_back(node.file_system);
  for (const auto &[number, node] : nodes_)
    devices_.insert(number.first);
}

bool Recorder::is_mounted_since(const Call &call) const
{
  const int inside = call.fd >= 0 ? call.fd : call.dir;
  return inside >= 0 && !devices_.contains(status_of(inside).st_dev);
}

NodeId Recorder::node_of(int fd) const
{
  const struct stat found = status_of(fd);
  const auto known = nodes_.find({found.st_dev, found.st_ino});
  if (known == nodes_.end())
    base::fail(base::Kind::internal,
               "{} is not in the recorded tree",
               describe({.kind = CallKind::sync_file, .fd = fd}, root_));
  return known->second;
}

Effect Recorder::effect_of(const Call &call, const std::string &text) const
{
  Effect effect;
  effect.kind = call.kind;
  effect.text = text;
  if (call.fd >= 0)
    effect.node = node_of(call.fd);
  if (call.dir >= 0)
    effect.dir = node_of(call.dir);
  if (call.to_dir >= 0)
    effect.to_dir = node_of(call.to_dir);
  effect.name = call.name;
  effect.to_name = call.to_name;
  effect.offset = call.offset;
  effect.length = call.length;
  for (const std::byte byte : call.data)
    effect.data.push_back(static_cast<char>(byte));
  if (call.kind == CallKind::symlink)
    effect.data = call.to_name;
  return effect;
}

void Recorder::refuse_what_fails_there(const Effect &effect) const
{
  const std::size_t file_system = file_systems_[effect.dir];
  const bool links = effect.kind == CallKind::symlink || effect.kind == CallKind::hard_link;
  if (links && recording_.before.file_systems[file_system] == FileSystem::vfat)
    base::fail_os(EPERM, "cannot {}: vfat has no links", effect.text);
  const bool two = effect.kind == CallKind::rename || effect.kind == CallKind::hard_link;
  if (two && file_system != file_systems_[effect.to_dir])
    base::fail_os(EXDEV, "cannot {}", effect.text);
}

void Recorder::learn_new(Effect &effect, const Call &call)
{
  struct stat found = {};
  if (::fstatat(call.dir, effect.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) < 0)
    base::fail_errno("cannot look at {}", effect.name);
  effect.node = file_systems_.size();
  effect.mode = found.st_mode;
  effect.modified_us = modified_us(found);
  file_systems_.push_back(file_systems_[effect.dir]);
  // Not insert: the number may be that of a file that is gone.
  nodes_[{found.st_dev, found.st_ino}] = effect.node;
}

void Recorder::around(const Call &call, const std::function<void()> &perform)
{
  const std::string text = describe(call, root_);
  if (deadline_ && recording_.effects.size() >= *deadline_)
    base::fail(base::Kind::internal, "killed before: {}", text);
  const bool is_lost = is_mounted_since(call);
  if (call.kind == CallKind::unsimulated && !is_lost)
    base::fail(base::Kind::internal, "{}", text);
  if (!changes_disk(call.kind) || is_lost) {
    perform();
    trace_.push_back(text);
    return;
  }
  Effect effect = effect_of(call, text);
  refuse_what_fails_there(effect);
  perform();
  if (makes_node(call.kind))
    learn_new(effect, call);
  if (call.kind == CallKind::attributes) {
    const struct stat found = status_of(call.fd);
    effect.mode = found.st_mode;
    effect.modified_us = modified_us(found);
  }
  trace_.push_back(text);
  recording_.effects.push_back(std::move(effect));
}

} // namespace support
