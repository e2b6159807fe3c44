// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/elf.hpp"
#include "base/dir.hpp"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bakery {

/// One thing in an image.
struct Entry {
  mode_t mode = 0; ///< with the type
  std::uint64_t size = 0;
  std::string target{};     ///< of a symlink
  std::string head{};       ///< the first 16 bytes of a file
  std::string text{};       ///< of a file that rules read: units, users, releases, …
  std::optional<Elf> elf{}; ///< of an ELF file

  [[nodiscard]] bool is_directory() const;
  [[nodiscard]] bool is_symlink() const;
  [[nodiscard]] bool is_file() const;
};

/// All that is in an image, by path without leading "/".
struct Contents {
  std::map<std::string, Entry> entries{};

  [[nodiscard]] const Entry *find(const std::string &path) const;
};

/// Reads a tree, of which `place` is the path in the image ("" or "usr"). No symlink is followed.
Contents read_contents(const base::Dir &tree, const std::string &place = "");

/// Reads of a system what extensions are merged with: /usr, /opt and /etc, and what leads to them
/// from the top. What may not be read is not known; programs are not looked into.
Contents read_system(const base::Dir &root);

/// The directories in which units lie, each with a "/" at its end.
bool is_unit_path(std::string_view path);

} // namespace bakery
