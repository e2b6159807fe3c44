// SPDX-License-Identifier: Apache-2.0
#include "support/tree.hpp"

#include "base/error.hpp"
#include "base/linux_sys.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>

namespace support {

namespace {

constexpr mode_t permissions = 07777;

std::uint64_t hash_of(std::string_view text)
{
  return std::hash<std::string_view>{}(text);
}

std::string bytes_of(const base::Fd &fd)
{
  std::string bytes(base::size_of(fd), '\0');
  if (base::read_at(fd, 0, std::as_writable_bytes(std::span(bytes))) != bytes.size())
    base::fail(base::Kind::internal, "a file changed while it was being read");
  return bytes;
}

class Reader {
public:
  explicit Reader(const std::vector<std::string> &vfat) : vfat_(vfat.begin(), vfat.end()) {}

  NodeId directory(const base::Dir &dir, const std::string &path, std::size_t file_system);

  TreeReading result{};

private:
  NodeId leaf(const base::Dir &dir, const std::string &name, std::size_t file_system);
  NodeId add(const struct stat &found, std::size_t file_system);

  std::set<std::string> vfat_;
};

NodeId Reader::add(const struct stat &found, std::size_t file_system)
{
  Node node;
  node.mode = found.st_mode;
  node.modified_us = found.st_mtim.tv_sec * 1'000'000 + found.st_mtim.tv_nsec / 1000;
  node.file_system = file_system;
  result.tree.nodes.push_back(std::move(node));
  const NodeId id = result.tree.nodes.size() - 1;
  result.nodes[{found.st_dev, found.st_ino}] = id;
  return id;
}

NodeId Reader::leaf(const base::Dir &dir, const std::string &name, std::size_t file_system)
{
  const struct stat found = dir.status(name).value();
  if (const auto known = result.nodes.find({found.st_dev, found.st_ino});
      known != result.nodes.end())
    return known->second; // another hard link
  std::string bytes;
  if (S_ISLNK(found.st_mode))
    bytes = dir.link_target(name).value();
  else if (S_ISREG(found.st_mode))
    bytes = bytes_of(dir.file(name));
  else
    base::fail(base::Kind::internal, "{} is of a kind that is not simulated", dir.display(name));
  const NodeId id = add(found, file_system);
  result.tree.nodes[id].content = std::make_shared<const Content>(std::move(bytes));
  return id;
}

NodeId Reader::directory(const base::Dir &dir, const std::string &path, std::size_t file_system)
{
  Tree &tree = result.tree;
  if (vfat_.contains(path)) {
    tree.file_systems.push_back(FileSystem::vfat);
    file_system = tree.file_systems.size() - 1;
  }
  const NodeId id = add(dir.status("/").value(), file_system);
  for (const base::DirEntry &entry : dir.entries()) {
    const std::string below = path.empty() ? entry.name : path + "/" + entry.name;
    Entry made;
    made.node = entry.type == S_IFDIR ? directory(dir.dir(entry.name), below, file_system)
                                      : leaf(dir, entry.name, file_system);
    const auto &content = tree.nodes[made.node].content;
    if (tree.file_systems[file_system] == FileSystem::vfat && content)
      made.length = content->bytes().size();
    tree.nodes[id].names[entry.name] = made;
  }
  return id;
}

class Writer {
public:
  explicit Writer(const Tree &tree) : tree_(tree) {}

  void directory(NodeId id, const base::Dir &dir);

private:
  struct Place {
    const base::Dir *dir;
    std::string name;
  };

  void leaf(const base::Dir &dir, const std::string &name, const Entry &entry);
  void file(const base::Dir &dir, const std::string &name, const Entry &entry);
  void settle(const base::Fd &fd, const Node &node);

  const Tree &tree_;
  base::LinuxSys sys_;
  std::map<NodeId, std::string> placed_; ///< below the root, for further hard links
  const base::Dir *root_ = nullptr;
};

void Writer::settle(const base::Fd &fd, const Node &node)
{
  base::Attributes attributes;
  attributes.mode = node.mode & permissions;
  attributes.modified_us = node.modified_us;
  sys_.set_attributes(fd, attributes);
}

void Writer::file(const base::Dir &dir, const std::string &name, const Entry &entry)
{
  const Node &node = tree_.nodes[entry.node];
  const std::string_view bytes = node.content->bytes();
  const std::uint64_t length = entry.length.value_or(bytes.size());
  const base::Fd fd = sys_.create(dir, name, 0600);
  sys_.write_at(fd, 0, std::as_bytes(std::span(bytes.substr(0, length))));
  if (length > bytes.size())
    sys_.resize(fd, length);
  settle(fd, node);
}

void Writer::leaf(const base::Dir &dir, const std::string &name, const Entry &entry)
{
  const Node &node = tree_.nodes[entry.node];
  if (S_ISLNK(node.mode)) {
    sys_.symlink(node.content->bytes(), dir, name);
    return;
  }
  // On vfat two names of one file are what a cut rename leaves: to a reader they are two files.
  const auto earlier = placed_.find(entry.node);
  if (earlier != placed_.end() && !entry.length) {
    const base::SplitPath from = base::split_path(earlier->second);
    sys_.hard_link(root_->dir(from.parent.empty() ? "/" : from.parent), from.name, dir, name);
    return;
  }
  file(dir, name, entry);
  placed_[entry.node] = dir.path().substr(root_->path().size()) + "/" + name;
}

void Writer::directory(NodeId id, const base::Dir &dir)
{
  if (root_ == nullptr)
    root_ = &dir;
  for (const auto &[name, entry] : tree_.nodes[id].names) {
    if (S_ISDIR(tree_.nodes[entry.node].mode)) {
      sys_.make_dir(dir, name, 0700);
      directory(entry.node, dir.dir(name));
    } else {
      leaf(dir, name, entry);
    }
  }
  settle(dir.fd(), tree_.nodes[id]);
}

std::uint64_t hash_of_leaf(const Node &node, const Entry &entry)
{
  const std::string &bytes = node.content->bytes();
  const std::uint64_t length = entry.length.value_or(bytes.size());
  if (length == bytes.size())
    return mix(node.mode, node.content->hash());
  std::string seen = bytes.substr(0, length);
  seen.resize(length);
  return mix(node.mode, hash_of(seen));
}

std::uint64_t hash_below(const Tree &tree, NodeId id)
{
  std::uint64_t hash = mix(tree.nodes[id].mode, 0);
  for (const auto &[name, entry] : tree.nodes[id].names) {
    const Node &node = tree.nodes[entry.node];
    hash = mix(hash, hash_of(name));
    hash = mix(hash, node.content ? hash_of_leaf(node, entry) : hash_below(tree, entry.node));
  }
  return hash;
}

} // namespace

Content::Content(std::string bytes) : bytes_(std::move(bytes)), hash_(hash_of(bytes_))
{
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t more)
{
  // The finisher of splitmix64: each bit of both reaches each bit of the result.
  std::uint64_t value = hash * 0x9e3779b97f4a7c15ULL + more + 0x632be59bd9b4e019ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

std::uint64_t Tree::hash() const
{
  return hash_below(*this, 0);
}

void Tree::write_to(const base::Dir &root) const
{
  Writer(*this).directory(0, root);
}

TreeReading read_tree(const base::Dir &root, const std::vector<std::string> &vfat)
{
  Reader reader(vfat);
  reader.directory(root, "", 0);
  return std::move(reader.result);
}

} // namespace support
