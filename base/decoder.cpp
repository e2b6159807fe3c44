// SPDX-License-Identifier: Apache-2.0
#include "base/decoder.hpp"

#include "base/error.hpp"

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace base {

namespace {

[[noreturn]] void fail_damaged(Compression compression, std::string_view why)
{
  fail(Kind::untrusted, "the {} data are damaged: {}", name(compression), why);
}

[[noreturn]] void fail_window(Compression compression)
{
  fail(Kind::untrusted,
       "the {} data ask for a window of more than {} MiB; compress them with a smaller one",
       name(compression),
       largest_window >> 20U);
}

[[noreturn]] void fail_memory(Compression compression)
{
  fail(Kind::no_space, "there is not enough memory to unpack {} data", name(compression));
}

/// zlib and bzip2 count in unsigned int.
unsigned int bounded(std::size_t size)
{
  return static_cast<unsigned int>(
      std::min<std::size_t>(size, std::numeric_limits<unsigned int>::max()));
}

/// Both have the same stream struct in all but name, and want input that is not const.
template <typename Stream, typename Byte, typename Call>
int run(Stream &stream, Bytes &input, MutableBytes &output, Call call)
{
  const unsigned int in = bounded(input.size());
  const unsigned int out = bounded(output.size());
  stream.next_in = std::bit_cast<Byte *>(input.data());
  stream.avail_in = in;
  stream.next_out = std::bit_cast<Byte *>(output.data());
  stream.avail_out = out;
  const int result = call(stream);
  input = input.subspan(in - stream.avail_in);
  output = output.subspan(out - stream.avail_out);
  return result;
}

class GzipDecoder final : public Decoder {
public:
  GzipDecoder()
  {
    constexpr int gzip_only = 16;
    if (::inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK)
      fail_memory(Compression::gzip);
  }

  ~GzipDecoder() override { ::inflateEnd(&stream_); }

  void start() override { ::inflateReset(&stream_); }

  State step(Bytes &input, MutableBytes &output) override
  {
    const int result = run<z_stream, Bytef>(
        stream_, input, output, [](z_stream &stream) { return ::inflate(&stream, Z_NO_FLUSH); });
    switch (result) {
    case Z_STREAM_END:
      return State::ended;
    case Z_OK:
    case Z_BUF_ERROR: // nothing could be done with these buffers, which is no failure
      return State::inside;
    case Z_MEM_ERROR:
      fail_memory(Compression::gzip);
    default:
      fail_damaged(Compression::gzip, stream_.msg != nullptr ? stream_.msg : "bad data");
    }
  }

private:
  z_stream stream_{};
};

class Bzip2Decoder final : public Decoder {
public:
  Bzip2Decoder() = default;

  ~Bzip2Decoder() override { ::BZ2_bzDecompressEnd(&stream_); }

  void start() override
  {
    ::BZ2_bzDecompressEnd(&stream_); // there is no reset; on a fresh struct this does nothing
    stream_ = {};
    if (::BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK)
      fail_memory(Compression::bzip2);
  }

  State step(Bytes &input, MutableBytes &output) override
  {
    const int result = run<bz_stream, char>(
        stream_, input, output, [](bz_stream &stream) { return ::BZ2_bzDecompress(&stream); });
    switch (result) {
    case BZ_STREAM_END:
      return State::ended;
    case BZ_OK:
      return State::inside;
    case BZ_MEM_ERROR:
      fail_memory(Compression::bzip2);
    default:
      fail_damaged(Compression::bzip2, "a block or its checksum is wrong");
    }
  }

private:
  bz_stream stream_{};
};

class XzDecoder final : public Decoder {
public:
  XzDecoder() = default;

  ~XzDecoder() override { ::lzma_end(&stream_); }

  void start() override
  {
    // Beside the dictionary the decoder takes some 100 KiB.
    constexpr std::uint64_t memory = largest_window + (std::uint64_t{1} << 20U);
    if (::lzma_stream_decoder(&stream_, memory, 0) != LZMA_OK)
      fail_memory(Compression::xz);
  }

  State step(Bytes &input, MutableBytes &output) override
  {
    stream_.next_in = std::bit_cast<const std::uint8_t *>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = std::bit_cast<std::uint8_t *>(output.data());
    stream_.avail_out = output.size();
    const lzma_ret result = ::lzma_code(&stream_, LZMA_RUN);
    input = input.last(stream_.avail_in);
    output = output.last(stream_.avail_out);
    switch (result) {
    case LZMA_STREAM_END:
      return State::ended;
    case LZMA_OK:
    case LZMA_BUF_ERROR: // twice in a row nothing to do, which is no failure
      return State::inside;
    case LZMA_MEMLIMIT_ERROR:
      fail_window(Compression::xz);
    case LZMA_MEM_ERROR:
      fail_memory(Compression::xz);
    case LZMA_OPTIONS_ERROR:
      fail_damaged(Compression::xz, "they use a filter or option that liblzma does not know");
    default:
      fail_damaged(Compression::xz, "a block or its checksum is wrong");
    }
  }

private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class ZstdDecoder final : public Decoder {
public:
  ZstdDecoder() : context_(::ZSTD_createDCtx())
  {
    constexpr int window_log = std::bit_width(largest_window) - 1;
    if (!context_ || ::ZSTD_isError(::ZSTD_DCtx_setParameter(
                         context_.get(), ZSTD_d_windowLogMax, window_log)) != 0U)
      fail_memory(Compression::zstd);
  }

  void start() override { ::ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only); }

  State step(Bytes &input, MutableBytes &output) override
  {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const std::size_t result = ::ZSTD_decompressStream(context_.get(), &out, &in);
    input = input.subspan(in.pos);
    output = output.subspan(out.pos);
    if (::ZSTD_isError(result) == 0U)
      return result == 0 ? State::ended : State::inside;
    switch (::ZSTD_getErrorCode(result)) {
    case ZSTD_error_frameParameter_windowTooLarge:
      fail_window(Compression::zstd);
    case ZSTD_error_memory_allocation:
      fail_memory(Compression::zstd);
    default:
      fail_damaged(Compression::zstd, ::ZSTD_getErrorName(result));
    }
  }

private:
  Unique<ZSTD_DCtx, ::ZSTD_freeDCtx> context_;
};

class Lz4Decoder final : public Decoder {
public:
  Lz4Decoder()
  {
    LZ4F_dctx *context = nullptr;
    if (::LZ4F_isError(::LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0U)
      fail_memory(Compression::lz4);
    context_.reset(context);
  }

  void start() override { ::LZ4F_resetDecompressionContext(context_.get()); }

  State step(Bytes &input, MutableBytes &output) override
  {
    std::size_t in = input.size();
    std::size_t out = output.size();
    const std::size_t result =
        ::LZ4F_decompress(context_.get(), output.data(), &out, input.data(), &in, nullptr);
    if (::LZ4F_isError(result) != 0U)
      fail_damaged(Compression::lz4, ::LZ4F_getErrorName(result));
    input = input.subspan(in);
    output = output.subspan(out);
    return result == 0 ? State::ended : State::inside;
  }

private:
  Unique<LZ4F_dctx, ::LZ4F_freeDecompressionContext> context_;
};

} // namespace

std::unique_ptr<Decoder> make_decoder(Compression compression)
{
  switch (compression) {
  case Compression::gzip:
    return std::make_unique<GzipDecoder>();
  case Compression::xz:
    return std::make_unique<XzDecoder>();
  case Compression::zstd:
    return std::make_unique<ZstdDecoder>();
  case Compression::bzip2:
    return std::make_unique<Bzip2Decoder>();
  case Compression::lz4:
    return std::make_unique<Lz4Decoder>();
  case Compression::none:
    break;
  }
  fail(Kind::internal, "uncompressed data need no decoder");
}

} // namespace base
