// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// Bytes with their hash; shared between the many states in which they are the same.
class Content {
public:
  explicit Content(std::string bytes);

  [[nodiscard]] const std::string &bytes() const { return bytes_; }

  [[nodiscard]] std::uint64_t hash() const { return hash_; }

private:
  std::string bytes_;
  std::uint64_t hash_;
};

using NodeId = std::size_t;
using InodeNumber = std::pair<dev_t, ino_t>;

/// What a name in a directory leads to.
struct Entry {
  NodeId node = 0;
  /// On vfat the length is kept beside the name, and can be an older one than the file's.
  std::optional<std::uint64_t> length{};

  bool operator==(const Entry &) const = default;
};

struct Node {
  mode_t mode = 0; ///< with the type
  std::int64_t modified_us = 0;
  std::shared_ptr<const Content> content{}; ///< of a file, or the target of a symlink
  std::map<std::string, Entry> names{};     ///< of a directory
  std::size_t file_system = 0;
};

enum class FileSystem {
  journalled, ///< as ext4, xfs and btrfs: a rename happens or does not
  vfat,       ///< an EFI system partition: a rename is two changes, and the length is a third
};

/// A directory tree as a value: one state of all file systems of a test's machine.
class Tree {
public:
  std::vector<Node> nodes; ///< the first is the root
  std::vector<FileSystem> file_systems{FileSystem::journalled};

  [[nodiscard]] FileSystem file_system_of(NodeId node) const
  {
    return file_systems.at(nodes.at(node).file_system);
  }

  /// Equal for two trees whose files, names, modes and contents are the same; times do not count.
  [[nodiscard]] std::uint64_t hash() const;

  /// Makes the tree in an empty directory.
  void write_to(const base::Dir &root) const;
};

/// A tree that was read, and which inode became which node.
struct TreeReading {
  Tree tree;
  std::map<InodeNumber, NodeId> nodes;
};

/// Reads a whole tree. The directories named in `vfat` are taken for the roots of vfat file
/// systems of their own.
TreeReading read_tree(const base::Dir &root, const std::vector<std::string> &vfat);

/// Mixes one more number into a hash.
std::uint64_t mix(std::uint64_t hash, std::uint64_t more);

} // namespace support
