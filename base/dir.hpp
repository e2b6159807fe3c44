// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

struct DirEntry {
  std::string name;
  mode_t type; ///< S_IFREG, S_IFDIR, S_IFLNK, …
};

/// A directory that is taken as a root: every path given to it is resolved by the kernel beneath
/// it (openat2 with RESOLVE_IN_ROOT), whatever symlinks or ".." there are on the way. A leading
/// "/" means this directory. This is for reading; changes go through base::Sys, which takes a
/// Dir and one plain name.
class Dir {
public:
  /// Opens a path of the running machine as a root, following symlinks.
  static Dir open_root(const std::string &path);

  Dir(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  [[nodiscard]] const Fd &fd() const noexcept { return fd_; }

  /// The path by which it was opened, for messages; never to be opened again.
  [[nodiscard]] const std::string &path() const noexcept { return path_; }

  /// path() joined with `below`, for messages.
  [[nodiscard]] std::string display(std::string_view below) const;

  /// The directory itself once more, with a descriptor of its own.
  [[nodiscard]] Dir again() const;
  /// A directory below; throws if it isn't there or isn't a directory.
  [[nodiscard]] Dir dir(std::string_view path) const;
  /// The same, or nothing if it does not exist. A non-directory still throws.
  [[nodiscard]] std::optional<Dir> find_dir(std::string_view path) const;
  /// The directory below, refusing any symlink on the way (for anchors such as the ESP).
  [[nodiscard]] std::optional<Dir> find_dir_no_symlinks(std::string_view path) const;

  /// Opens a file for reading; never blocks on a FIFO and never takes a controlling terminal.
  [[nodiscard]] Fd file(std::string_view path) const;
  [[nodiscard]] std::optional<Fd> find_file(std::string_view path) const;
  /// The file's whole text, or nothing if it does not exist. More than `limit` bytes is refused
  /// with Kind::config.
  [[nodiscard]] std::optional<std::string> text(std::string_view path,
                                                std::size_t limit = std::size_t{1} << 20U) const;

  /// The thing itself, be it a symlink, a FIFO or a device: a handle (O_PATH) that opens nothing
  /// and can neither be read nor written, for fstat and Sys::set_attributes.
  [[nodiscard]] Fd handle(std::string_view path) const;

  /// The same for what the path leads to, following symlinks beneath this root; nothing if it does
  /// not exist.
  [[nodiscard]] std::optional<Fd> target_handle(std::string_view path) const;

  /// What is there, without following a symlink at the end; nothing if it does not exist.
  [[nodiscard]] std::optional<struct stat> status(std::string_view path) const;
  /// What the path leads to, following symlinks beneath this root.
  [[nodiscard]] std::optional<struct stat> target_status(std::string_view path) const;
  /// The text of a symlink; nothing if there is no symlink.
  [[nodiscard]] std::optional<std::string> link_target(std::string_view path) const;

  /// All entries but "." and "..", sorted by name in byte order.
  [[nodiscard]] std::vector<DirEntry> entries() const;

private:
  Fd fd_;
  std::string path_;
};

/// Reads up to data.size() bytes at `offset`; fewer only at the end of the file.
std::size_t read_at(const Fd &fd, std::uint64_t offset, MutableBytes data);

/// What the kernel calls an open file, for messages: "/boot/x.efi"; never fails and leaves errno.
std::string path_of(const Fd &fd);

/// A further descriptor of the same open file.
Fd duplicate(const Fd &fd);

/// Size in bytes of a regular file or a block device.
std::uint64_t size_of(const Fd &fd);

bool is_block_device(const Fd &fd);

/// The parent and the last component of a path: "/a/b" gives {"/a", "b"}, "b" gives {"", "b"}.
struct SplitPath {
  std::string parent;
  std::string name;
};

SplitPath split_path(std::string_view path);

} // namespace base
