// SPDX-License-Identifier: Apache-2.0
#include "base/unpack.hpp"

#include "base/decoder.hpp"
#include "base/dir.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace base {

namespace {

constexpr std::size_t chunk_size = std::size_t{1} << 20U;
constexpr std::size_t input_size = std::size_t{256} << 10U;

struct Magic {
  Compression compression;
  std::string_view bytes;
};

using namespace std::string_view_literals;

constexpr std::array<Magic, 5> magics{{
    {Compression::gzip, "\x1f\x8b\x08"sv}, // 8 is deflate, the only method there is
    {Compression::xz, "\xfd\x37zXZ\x00"sv},
    {Compression::zstd, "\x28\xb5\x2f\xfd"sv},
    {Compression::bzip2, "BZh"sv},
    {Compression::lz4, "\x04\x22\x4d\x18"sv},
}};

bool starts_with(Bytes data, std::string_view magic)
{
  return data.size() >= magic.size() && std::memcmp(data.data(), magic.data(), magic.size()) == 0;
}

/// Frames of the application's own, which zstd and lz4 have in common and decoders skip.
bool is_skippable(Bytes data)
{
  return data.size() >= 4 && (data[0] & std::byte{0xf0}) == std::byte{0x50} &&
         starts_with(data.subspan(1), "\x2a\x4d\x18"sv);
}

/// "BZh" alone is text that a file may begin with; the level and the first byte of a block or of
/// the end of the stream make it sure.
bool is_bzip2(Bytes data)
{
  return starts_with(data, "BZh"sv) && data.size() >= 5 && data[3] >= std::byte{'1'} &&
         data[3] <= std::byte{'9'} && (data[4] == std::byte{0x31} || data[4] == std::byte{0x17});
}

std::size_t magic_size(Compression compression)
{
  if (compression == Compression::bzip2)
    return 5;
  const auto *const magic = std::find_if(magics.begin(), magics.end(), [&](const Magic &one) {
    return one.compression == compression;
  });
  return magic->bytes.size();
}

bool starts_member(Bytes head, Compression compression)
{
  if (compression == Compression::lz4 && is_skippable(head))
    return true;
  return detect_compression(head) == compression;
}

[[noreturn]] void fail_too_large(std::uint64_t limit)
{
  fail(Kind::untrusted, "the data come to more than the {} bytes that are allowed", limit);
}

[[noreturn]] void fail_trailing(Compression compression)
{
  fail(Kind::untrusted, "there is something else behind the end of the {} data", name(compression));
}

} // namespace

std::string_view name(Compression compression)
{
  switch (compression) {
  case Compression::none:
    return "uncompressed";
  case Compression::gzip:
    return "gzip";
  case Compression::xz:
    return "xz";
  case Compression::zstd:
    return "zstd";
  case Compression::bzip2:
    return "bzip2";
  case Compression::lz4:
    return "lz4";
  }
  return "?";
}

Compression detect_compression(Bytes first_bytes)
{
  if (is_skippable(first_bytes))
    return Compression::zstd;
  for (const Magic &magic : magics)
    if (starts_with(first_bytes, magic.bytes) &&
        (magic.compression != Compression::bzip2 || is_bzip2(first_bytes)))
      return magic.compression;
  return Compression::none;
}

Compression detect_compression(const Fd &file)
{
  std::array<std::byte, compression_magic_size> head{};
  const std::size_t size = read_at(file, 0, head);
  return detect_compression(Bytes(head).first(size));
}

Decompressor::Decompressor(Compression compression, const UnpackLimits &limits)
    : decoder_(make_decoder(compression)), compression_(compression), limit_(limits.size)
{
}

Decompressor::~Decompressor() = default;

/// The xz format lets streams be followed by zeros, as many as four divides.
void Decompressor::skip_padding(Bytes &input)
{
  if (compression_ != Compression::xz || !some_ || gathered_ > 0)
    return;
  while (!input.empty() && input.front() == std::byte{0}) {
    ++padding_;
    input = input.subspan(1);
  }
}

/// Gathers the magic of the next member and opens it; false if more input is needed. The magic is
/// asked for at each member, so that anything else is refused by name and no decoder guesses at
/// other formats (libzstd would read its own of before 2016).
bool Decompressor::start_member(Bytes &input)
{
  skip_padding(input);
  const std::size_t wanted = magic_size(compression_);
  const std::size_t taken = std::min(wanted - gathered_, input.size());
  std::copy_n(input.begin(), taken, head_.begin() + static_cast<std::ptrdiff_t>(gathered_));
  input = input.subspan(taken);
  gathered_ += taken;
  if (gathered_ < wanted)
    return false;
  opening_ = Bytes(head_).first(wanted);
  if (!starts_member(opening_, compression_) || padding_ % 4 != 0) {
    if (some_)
      fail_trailing(compression_);
    fail(Kind::untrusted, "these are not {} data", name(compression_));
  }
  decoder_->start();
  inside_ = true;
  gathered_ = 0;
  padding_ = 0;
  return true;
}

/// One turn of the decoder; false if it has nothing left to do without more input.
bool Decompressor::decode(Bytes &input, MutableBytes &output)
{
  Bytes &source = opening_.empty() ? input : opening_;
  const std::size_t before = source.size() + output.size();
  if (decoder_->step(source, output) == Decoder::State::ended) {
    inside_ = false;
    some_ = true;
    return true;
  }
  if (source.size() + output.size() < before)
    return true;
  if (!source.empty() && !output.empty())
    fail(Kind::untrusted, "the {} data are damaged", name(compression_));
  return false;
}

std::size_t Decompressor::step(Bytes &input, MutableBytes output)
{
  // One byte beyond the limit is room enough to see that it would be passed.
  const std::uint64_t room = limit_ - unpacked_;
  if (room < output.size())
    output = output.first(static_cast<std::size_t>(room) + 1);
  const std::size_t offered = output.size();

  while (!output.empty() && (inside_ || start_member(input)) && decode(input, output))
    continue;

  const std::size_t unpacked = offered - output.size();
  if (unpacked > room)
    fail_too_large(limit_);
  unpacked_ += unpacked;
  return unpacked;
}

void Decompressor::finish() const
{
  if (inside_ || !some_)
    fail(Kind::untrusted, "the {} data end too early", name(compression_));
  if (gathered_ > 0 || padding_ % 4 != 0)
    fail_trailing(compression_);
}

Unpacker::Unpacker(Compression compression, Sink &next, const UnpackLimits &limits)
    : next_(next), limits_(limits)
{
  if (compression == Compression::none)
    return;
  decompressor_ = std::make_unique<Decompressor>(compression, limits);
  buffer_.resize(chunk_size);
}

void Unpacker::pass_on()
{
  if (filled_ > 0)
    next_.write(Bytes(buffer_).first(filled_));
  filled_ = 0;
}

void Unpacker::write(Bytes data)
{
  if (!decompressor_) {
    if (data.size() > limits_.size - passed_)
      fail_too_large(limits_.size);
    passed_ += data.size();
    next_.write(data);
    return;
  }
  for (;;) {
    filled_ += decompressor_->step(data, MutableBytes(buffer_).subspan(filled_));
    if (filled_ < buffer_.size())
      return;
    pass_on();
  }
}

void Unpacker::finish()
{
  if (decompressor_)
    decompressor_->finish();
  pass_on();
  next_.finish();
}

UnpackedFile::UnpackedFile(const Fd &file, Compression compression, const UnpackLimits &limits)
    : file_(file), limits_(limits)
{
  if (compression == Compression::none)
    return;
  decompressor_ = std::make_unique<Decompressor>(compression, limits);
  buffer_.resize(input_size);
}

std::size_t UnpackedFile::read_plain(MutableBytes output)
{
  const std::size_t count = read_at(file_, offset_, output);
  if (count > limits_.size - offset_)
    fail_too_large(limits_.size);
  offset_ += count;
  return count;
}

bool UnpackedFile::refill()
{
  const std::size_t count = read_at(file_, offset_, buffer_);
  offset_ += count;
  input_ = Bytes(buffer_).first(count);
  return count > 0;
}

std::size_t UnpackedFile::read(MutableBytes output)
{
  if (!decompressor_)
    return read_plain(output);
  std::size_t filled = 0;
  while (filled < output.size()) {
    filled += decompressor_->step(input_, output.subspan(filled));
    if (filled < output.size() && !refill()) {
      decompressor_->finish();
      break;
    }
  }
  return filled;
}

void unpack_file(const Fd &file, Compression compression, const UnpackLimits &limits, Sink &next)
{
  UnpackedFile source(file, compression, limits);
  std::vector<std::byte> buffer(chunk_size);
  for (;;) {
    const std::size_t count = source.read(buffer);
    if (count > 0)
      next.write(Bytes(buffer).first(count));
    if (count < buffer.size())
      break;
  }
  next.finish();
}

} // namespace base
