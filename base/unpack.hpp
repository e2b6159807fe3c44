// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"
#include "base/stream.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace base {

enum class Compression { none, gzip, xz, zstd, bzip2, lz4 };

/// The word used in messages: "zstd", or "uncompressed" for none.
std::string_view name(Compression compression);

/// As many of a stream's first bytes are enough to tell how it is compressed.
inline constexpr std::size_t compression_magic_size = 6;

/// Tells by the first bytes. Fewer bytes than a format's magic are Compression::none. A skippable
/// frame counts as zstd, because pzstd starts its files with one.
Compression detect_compression(Bytes first_bytes);
Compression detect_compression(const Fd &file);

struct UnpackLimits {
  /// The most bytes that may come out, best the size that was signed.
  std::uint64_t size;
};

/// The window a stream may ask for; with it the memory that one decompressor takes.
inline constexpr std::uint64_t largest_window = std::uint64_t{128} << 20U;

class Decoder;

/// Turns compressed bytes (never Compression::none) into plain ones, a buffer at a time and without
/// memory beyond the format's window. Members, streams and frames may follow one another as each
/// format allows; anything else behind them is refused (xz: but for zeros, four by four).
///
/// Whatever is wrong with the data throws Kind::untrusted and names the rule: not this format,
/// damaged, too large a window, more than limits.size bytes. After a failure the object is of no
/// further use.
class Decompressor {
public:
  Decompressor(Compression compression, const UnpackLimits &limits);
  Decompressor(const Decompressor &) = delete;
  Decompressor &operator=(const Decompressor &) = delete;
  ~Decompressor();

  /// Takes bytes off the front of `input` and fills `output` from its front; says how many bytes
  /// it filled in. It stops when the output is full or when the input is used up and nothing more
  /// can come of it; so a full output means: call again, even with an empty input.
  std::size_t step(Bytes &input, MutableBytes output);

  /// Says that there is no more input. Throws Kind::untrusted if something is missing.
  void finish() const;

private:
  void skip_padding(Bytes &input);
  bool start_member(Bytes &input);
  bool decode(Bytes &input, MutableBytes &output);

  std::unique_ptr<Decoder> decoder_;
  Compression compression_;
  std::uint64_t limit_;
  std::uint64_t unpacked_ = 0;
  std::uint64_t padding_ = 0; // zeros since the last xz stream
  std::array<std::byte, compression_magic_size> head_{};
  std::size_t gathered_ = 0; // bytes of a magic that came so far
  Bytes opening_;            // what the decoder has yet to see of it
  bool inside_ = false;      // a member has begun and not ended
  bool some_ = false;        // a member has ended
};

/// Unpacks a stream on its way to another sink, which gets pieces of 1 MiB but for the last. An
/// uncompressed stream goes through as it comes, and is counted too. finish() also finishes the
/// next sink. Failures as Decompressor; what has gone on to the next sink by then is void.
class Unpacker final : public Sink {
public:
  Unpacker(Compression compression, Sink &next, const UnpackLimits &limits);

  void write(Bytes data) override;
  void finish() override;

private:
  void pass_on();

  std::unique_ptr<Decompressor> decompressor_; // null if the stream goes through as it comes
  Sink &next_;
  std::vector<std::byte> buffer_;
  std::size_t filled_ = 0;
  UnpackLimits limits_;
  std::uint64_t passed_ = 0;
};

/// Reads the plain bytes of a file that lies on disk, from its start, compressed or not.
class UnpackedFile {
public:
  /// `file` must stay open.
  UnpackedFile(const Fd &file, Compression compression, const UnpackLimits &limits);

  /// Fills `output`; fewer bytes only at the end, which has then been checked to be the end of the
  /// stream too. Failures as Decompressor.
  std::size_t read(MutableBytes output);

private:
  std::size_t read_plain(MutableBytes output);
  bool refill();

  const Fd &file_;
  std::unique_ptr<Decompressor> decompressor_; // null if the file is read as it is
  std::vector<std::byte> buffer_;
  Bytes input_;
  std::uint64_t offset_ = 0;
  UnpackLimits limits_;
};

/// Pumps a whole file into a sink and finishes the sink. The file is given as it lies there, or
/// unpacked: `Compression::none` or detect_compression(file) says which.
void unpack_file(const Fd &file, Compression compression, const UnpackLimits &limits, Sink &next);

} // namespace base
