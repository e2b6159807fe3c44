// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

#include <cstdint>
#include <cstdlib>

namespace base {

/// Reads a file or a disk in order: what the medium holds, past the page cache, wherever the file
/// system can do that (O_DIRECT); elsewhere, on tmpfs for one, like any other read. A caller for
/// whom that matters drops the cache first.
class MediumReader {
public:
  /// `fd` must outlive it. `start` is in bytes, with any alignment.
  MediumReader(const Fd &fd, std::uint64_t start);

  /// The next bytes: at most `most`, at least one, none only at the end. They stay until the next
  /// call. Throws Kind::io where the medium does not give them.
  Bytes next(std::uint64_t most);

private:
  std::size_t fill(std::uint64_t from, std::size_t length);

  const Fd &fd_;
  Fd direct_; // nothing where the file system cannot
  std::uint64_t position_;
  Unique<std::byte, std::free> buffer_;
};

} // namespace base
