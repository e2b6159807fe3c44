// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <initializer_list>
#include <string>
#include <utility>

namespace support {

enum class Storage {
  disk,   ///< where temporary files go
  memory, ///< a tmpfs if there is one: for tests that write thousands of trees
};

/// A fresh directory that stands for the root of a machine, written as a list of files. A path
/// that ends in "/" is a directory; a text that starts with "-> " makes a symlink. Removed at the
/// end of the test.
class TempRoot {
public:
  TempRoot(std::initializer_list<std::pair<std::string, std::string>> files = {});
  explicit TempRoot(Storage storage,
                    std::initializer_list<std::pair<std::string, std::string>> files = {});
  TempRoot(const TempRoot &) = delete;
  TempRoot &operator=(const TempRoot &) = delete;
  ~TempRoot();

  [[nodiscard]] const base::Dir &dir() const { return dir_; }

  [[nodiscard]] const std::string &path() const { return path_; }

  /// Makes or overwrites a file, with the directories above it.
  void write(const std::string &path, const std::string &text) const;
  /// A file's text; fails the test if there is none.
  [[nodiscard]] std::string read(const std::string &path) const;
  [[nodiscard]] bool exists(const std::string &path) const;

private:
  std::string path_;
  base::Dir dir_;
};

} // namespace support
