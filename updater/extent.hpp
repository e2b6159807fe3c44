// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/stream.hpp"
#include "base/sys.hpp"
#include "verity/digest.hpp"

#include <cstdint>
#include <string>

namespace updater {

/// A stretch to be filled from its start: a slot on a disk, or a file of its own.
struct Extent {
  const base::Fd *fd = nullptr;
  std::uint64_t start = 0; ///< bytes from the start of the file or disk
  std::uint64_t limit = 0; ///< how many bytes may be written
  std::string what;        ///< "partition 3 of /dev/sda", for messages
};

/// What was written into an extent, for reading it back.
struct Written {
  std::uint64_t length = 0;
  verity::Sha256 sha256{};
};

/// Writes a stream into an extent, and digests it on the way. Nothing is durable before the caller
/// syncs. More than the extent's limit throws Kind::no_space before the byte in question is
/// written.
class ExtentSink final : public base::Sink {
public:
  ExtentSink(base::Sys &sys, Extent extent);

  void write(base::Bytes data) override;

  void finish() override {}

  [[nodiscard]] Written written();

private:
  base::Sys &sys_;
  Extent extent_;
  std::uint64_t length_ = 0;
  verity::Digest digest_;
};

/// Digests `length` bytes of an extent as the disk returns them.
verity::Sha256 read_back(base::Sys &sys, const Extent &extent, std::uint64_t length);

/// Feeds the bytes [0, length) of an extent to a digest; false if there are fewer.
bool digest_prefix(const Extent &extent, std::uint64_t length, verity::Digest &digest);

} // namespace updater
