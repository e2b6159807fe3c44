// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"
#include "base/sys.hpp"

namespace base {

/// A part of a file to look at where the kernel has it in memory, without a copy. What others write
/// to the file may be seen through it, and if they cut it the process ends with SIGBUS; so it is
/// for files that nobody else can change.
class FileView {
public:
  /// Throws io if the file ends before the range does, which is not empty, or cannot be read.
  FileView(const Fd &fd, const ByteRange &range);
  FileView(const FileView &) = delete;
  FileView &operator=(const FileView &) = delete;
  ~FileView();

  /// Valid as long as this object.
  [[nodiscard]] Bytes bytes() const { return bytes_; }

private:
  void *start_;        ///< of the page that the range begins in
  std::size_t length_; ///< from there on
  Bytes bytes_;
};

} // namespace base
