// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/program.hpp"
#include "base/unpack.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

using base::Compression;

namespace {

constexpr std::array all_formats{
    Compression::gzip, Compression::xz, Compression::zstd, Compression::bzip2, Compression::lz4};

/// Packs with the command line tool; "IN" and "OUT" in the command stand for the two files.
std::string pack_by(std::vector<std::string> command, const std::string &text)
{
  const support::TempRoot root;
  root.write("in", text);
  for (std::string &word : command) {
    if (word == "IN")
      word = root.path() + "/in";
    if (word == "OUT")
      word = root.path() + "/in.packed";
  }
  base::ProcessRunner runner;
  const base::Finished finished = runner.run({.argv = command});
  REQUIRE_MESSAGE(finished.status == 0, finished.errors);
  return root.read(root.exists("in.bz2") ? "in.bz2" : "in.packed");
}

std::string pack(Compression compression, const std::string &text)
{
  switch (compression) {
  case Compression::gzip:
    return pack_by({"gzip", "-kf", "-S", ".packed", "IN"}, text);
  case Compression::xz:
    return pack_by({"xz", "-kf", "-1", "-S", ".packed", "IN"}, text);
  case Compression::zstd:
    return pack_by({"zstd", "-qf", "IN", "-o", "OUT"}, text);
  case Compression::bzip2:
    return pack_by({"bzip2", "-kf", "IN"}, text);
  case Compression::lz4:
    return pack_by({"lz4", "-qf", "--content-size", "IN", "OUT"}, text);
  case Compression::none:
    break;
  }
  return text;
}

base::Bytes bytes(const std::string &text)
{
  return std::as_bytes(std::span(text));
}

struct Collected final : base::Sink {
  std::string text;
  std::vector<std::size_t> pieces;
  int finished = 0;

  void write(base::Bytes data) override
  {
    const std::size_t before = text.size();
    text.resize(before + data.size());
    std::copy(data.begin(),
              data.end(),
              std::as_writable_bytes(std::span(text)).begin() +
                  static_cast<std::ptrdiff_t>(before));
    pieces.push_back(data.size());
  }

  void finish() override { ++finished; }
};

constexpr std::uint64_t no_limit = std::uint64_t{1} << 40U;
constexpr std::size_t usual_piece = std::size_t{1} << 16U;

std::string unpacked(Compression compression,
                     const std::string &packed,
                     std::size_t piece = usual_piece,
                     std::uint64_t limit = no_limit)
{
  Collected collected;
  base::Unpacker unpacker(compression, collected, {limit});
  base::Bytes rest = bytes(packed);
  while (!rest.empty()) {
    const std::size_t size = std::min(piece, rest.size());
    unpacker.write(rest.first(size));
    rest = rest.subspan(size);
  }
  unpacker.finish();
  CHECK(collected.finished == 1);
  return collected.text;
}

/// The message of the refusal, or "accepted".
std::string refusal(Compression compression,
                    const std::string &packed,
                    std::size_t piece = usual_piece,
                    std::uint64_t limit = no_limit)
{
  try {
    (void)unpacked(compression, packed, piece, limit);
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::untrusted);
    return error.message();
  }
  return "accepted";
}

bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

/// Half of it random and half of it not, so that all kinds of blocks occur.
std::string sample(std::size_t size)
{
  std::mt19937 random(7);
  std::string text;
  while (text.size() < size) {
    text += "the same words again and again, until they are many; ";
    for (int i = 0; i < 50; ++i)
      text.push_back(static_cast<char>(random()));
  }
  text.resize(size);
  return text;
}

const std::string skippable_frame("\x5a\x2a\x4d\x18\x03\x00\x00\x00"
                                  "abc",
                                  11);

} // namespace

TEST_SUITE_BEGIN("updater/unpack");

TEST_CASE("the compression is told by the first bytes")
{
  const support::TempRoot root;
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const std::string packed = pack(format, sample(100));
    CHECK(base::detect_compression(bytes(packed)) == format);
    const std::string head = packed.substr(0, base::compression_magic_size);
    CHECK(base::detect_compression(bytes(head)) == format);
    CHECK(base::detect_compression(bytes(packed.substr(0, 2))) == Compression::none);
    CHECK(base::detect_compression(bytes(pack(format, ""))) == format);
    root.write("file", packed);
    CHECK(base::detect_compression(root.dir().file("file")) == format);
  }
  CHECK(base::detect_compression(bytes(skippable_frame)) == Compression::zstd);
}

TEST_CASE("what is not compressed is not taken for it")
{
  CHECK(base::detect_compression(base::Bytes()) == Compression::none);
  CHECK(base::detect_compression(bytes("BZh")) == Compression::none);
  CHECK(base::detect_compression(bytes("BZhello")) == Compression::none);
  CHECK(base::detect_compression(bytes("BZh9 is a text")) == Compression::none);
  CHECK(base::detect_compression(bytes("\x1f\x8b\x07text")) == Compression::none);
  CHECK(base::detect_compression(bytes(std::string(512, '\0'))) == Compression::none);
  CHECK(base::detect_compression(bytes("hsqs\x01\x02\x03\x04")) == Compression::none);
}

TEST_CASE("each format unpacks to what the tool packed, whatever the pieces")
{
  const std::string small = sample(70'000);
  const std::string large = sample(5'000'000);
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const std::string packed = pack(format, small);
    CHECK(unpacked(format, packed, 1) == small);
    CHECK(unpacked(format, packed, 7) == small);
    const std::string packed_large = pack(format, large);
    CHECK(unpacked(format, packed_large) == large);
    CHECK(unpacked(format, packed_large, 1U << 30U) == large);
    CHECK(unpacked(format, pack(format, "")).empty());
  }
  CHECK(unpacked(Compression::none, small, 1000) == small);
}

TEST_CASE("the other settings of the tools are read too")
{
  const std::string text = sample(3'000'000);
  const std::vector<std::pair<Compression, std::vector<std::string>>> others{
      {Compression::gzip, {"gzip", "-kfN9", "-S", ".packed", "IN"}},
      {Compression::xz, {"xz", "-kf", "-9e", "-S", ".packed", "IN"}},
      {Compression::xz, {"xz", "-kf", "-C", "none", "-S", ".packed", "IN"}},
      {Compression::xz, {"xz", "-kf", "-T2", "--block-size=500000", "-S", ".packed", "IN"}},
      {Compression::xz, {"xz", "-kf", "--x86", "--lzma2=preset=1", "-S", ".packed", "IN"}},
      {Compression::zstd, {"zstd", "-qf", "--long=27", "-3", "IN", "-o", "OUT"}},
      {Compression::zstd, {"zstd", "-qf", "--no-check", "-T2", "IN", "-o", "OUT"}},
      {Compression::bzip2, {"bzip2", "-kf1", "IN"}},
      {Compression::lz4, {"lz4", "-qf", "-B4", "-BD", "--no-frame-crc", "IN", "OUT"}},
      {Compression::lz4, {"lz4", "-qf9", "-B7", "-BX", "IN", "OUT"}},
  };
  for (const auto &[format, command] : others) {
    CAPTURE(fmt::format("{}", fmt::join(command, " ")));
    CHECK(unpacked(format, pack_by(command, text), 4096) == text);
  }
}

TEST_CASE("members that follow one another are one stream")
{
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const std::string none = pack(format, "");
    const std::string all = pack(format, "one ") + none + pack(format, "two") + none;
    CHECK(unpacked(format, all) == "one two");
    CHECK(unpacked(format, all, 1) == "one two");
  }
}

TEST_CASE("skippable frames of zstd and lz4 are skipped, in front and behind")
{
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const bool takes_them = format == Compression::zstd || format == Compression::lz4;
    const std::string packed = pack(format, "text");
    for (const std::size_t piece : {std::size_t{1}, usual_piece}) {
      CHECK((refusal(format, packed + skippable_frame, piece) == "accepted") == takes_them);
      if (takes_them)
        CHECK(unpacked(format, skippable_frame + packed + skippable_frame, piece) == "text");
    }
  }
}

TEST_CASE("a stream cut at any place is refused when it ends")
{
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const std::string packed = pack(format, sample(20'000));
    for (std::size_t size = 0; size < packed.size();
         size += size < 64 || size + 64 > packed.size() ? 1 : 97)
      CHECK(contains(refusal(format, packed.substr(0, size)), "too early"));
    const std::string second = packed + packed.substr(0, packed.size() / 2);
    CHECK(contains(refusal(format, second), "too early"));
  }
}

TEST_CASE("anything else behind the end of a stream is refused by that name")
{
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const std::string packed = pack(format, sample(5000));
    const std::string other =
        pack(format == Compression::gzip ? Compression::xz : Compression::gzip, "x");
    for (const std::string &garbage : {std::string("x"),
                                       std::string("garbage"),
                                       std::string(7, '\0'),
                                       other,
                                       packed.substr(0, 2),
                                       std::string("\0\0\0\0x", 5)})
      for (const std::size_t piece : {std::size_t{1}, usual_piece})
        CHECK(contains(refusal(format, packed + garbage, piece), "behind the end"));
  }
}

TEST_CASE("zeros behind an xz stream are padding if four divides them, and garbage else")
{
  const std::string packed = pack(Compression::xz, "text");
  for (const std::size_t piece : {std::size_t{1}, usual_piece})
    for (std::size_t zeros = 0; zeros < 13; ++zeros) {
      const std::string padded = packed + std::string(zeros, '\0');
      const bool right = zeros % 4 == 0;
      CHECK((refusal(Compression::xz, padded, piece) == "accepted") == right);
      CHECK((refusal(Compression::xz, padded + packed, piece) == "accepted") == right);
    }
  CHECK(refusal(Compression::xz, std::string(4, '\0') + packed) == "these are not xz data");
}

TEST_CASE("output beyond the limit is refused, and none of it goes on")
{
  const std::string zeros(20'000'000, '\0');
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const std::string packed = pack(format, zeros);
    CHECK(packed.size() < 200'000);
    CHECK(refusal(format, packed, usual_piece, zeros.size()) == "accepted");
    CHECK(contains(refusal(format, packed, usual_piece, zeros.size() - 1),
                   "more than the 19999999 bytes that are allowed"));
    CHECK(contains(refusal(format, packed, 1, 0), "more than the 0 bytes"));

    Collected collected;
    base::Unpacker unpacker(format, collected, {3'000'000});
    CHECK_THROWS_AS(unpacker.write(bytes(packed)), base::Error);
    CHECK(collected.text.size() <= 3'000'000);
    CHECK(refusal(format, pack(format, ""), 1, 0) == "accepted");
  }
  CHECK(refusal(Compression::none, "12345", 2, 5) == "accepted");
  CHECK(contains(refusal(Compression::none, "123456", 4, 5), "more than the 5 bytes"));
}

TEST_CASE("a window of more than 128 MiB is refused before memory is taken for it")
{
  // A zstd frame of one raw block whose header declares a window of 256 MiB, and one of 128 MiB.
  const std::string block("\x11\x00\x00hi", 5);
  const std::string too_large = std::string("\x28\xb5\x2f\xfd\x00\x90", 6) + block;
  const std::string largest = std::string("\x28\xb5\x2f\xfd\x00\x88", 6) + block;
  CHECK(contains(refusal(Compression::zstd, too_large), "window of more than 128 MiB"));
  CHECK(unpacked(Compression::zstd, largest) == "hi");

  const std::vector<std::string> xz{"xz", "-kf", "", "-S", ".packed", "IN"};
  std::vector<std::string> command = xz;
  command[2] = "--lzma2=preset=0,dict=192MiB";
  CHECK(contains(refusal(Compression::xz, pack_by(command, "hi")), "window of more than 128 MiB"));
  command[2] = "--lzma2=preset=0,dict=128MiB";
  CHECK(unpacked(Compression::xz, pack_by(command, "hi")) == "hi");
}

TEST_CASE("garbage behind a magic is refused, and a changed byte never gives another text")
{
  std::mt19937 random(11);
  const std::string text = sample(4000);
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const std::string packed = pack(format, text);
    for (int round = 0; round < 200; ++round) {
      std::string garbage = packed.substr(0, base::compression_magic_size);
      for (int i = 0; i < 300; ++i)
        garbage.push_back(static_cast<char>(random()));
      CHECK(refusal(format, garbage, 64, 1'000'000) != "accepted");
    }
    for (std::size_t at = 0; at < packed.size(); at += 13) {
      std::string changed = packed;
      changed[at] = static_cast<char>(changed[at] ^ 0x10);
      if (refusal(format, changed, 1000, 1'000'000) == "accepted") // a byte that means nothing
        CHECK(unpacked(format, changed, 1000, 1'000'000) == text);
    }
    CHECK(contains(refusal(format, "no such data at all"), "these are not"));
    CHECK(contains(refusal(format, ""), "too early"));
  }
}

TEST_CASE("a sink gets large pieces, however small those that come in are")
{
  Collected collected;
  base::Unpacker unpacker(Compression::zstd, collected, {no_limit});
  const std::string packed = pack(Compression::zstd, sample(2'500'000));
  for (const char &one : packed)
    unpacker.write(std::as_bytes(std::span(&one, 1)));
  unpacker.finish();
  const std::size_t mebibyte = std::size_t{1} << 20U;
  CHECK(collected.pieces == std::vector{mebibyte, mebibyte, 2'500'000 - 2 * mebibyte});
}

TEST_CASE("a file on disk is unpacked whole, or given as it lies there")
{
  const std::string text = sample(std::size_t{3} << 20U); // just three pieces
  const support::TempRoot root;
  for (const Compression format : all_formats) {
    CAPTURE(base::name(format));
    const std::string packed = pack(format, text);
    root.write("file", packed);
    root.write("cut", packed.substr(0, packed.size() - 1));
    const base::Fd file = root.dir().file("file");
    const base::Fd cut = root.dir().file("cut");
    Collected plain;
    base::unpack_file(file, base::detect_compression(file), {text.size()}, plain);
    CHECK(plain.text == text);
    CHECK(plain.finished == 1);
    Collected raw;
    base::unpack_file(file, Compression::none, {packed.size()}, raw);
    CHECK(raw.text == packed);
    CHECK(raw.finished == 1);

    Collected none;
    const base::UnpackLimits raw_less{packed.size() - 1};
    const base::UnpackLimits less{text.size() - 1};
    CHECK_THROWS_AS(base::unpack_file(file, Compression::none, raw_less, none), base::Error);
    CHECK_THROWS_AS(base::unpack_file(file, format, less, none), base::Error);
    CHECK_THROWS_AS(base::unpack_file(cut, format, {no_limit}, none), base::Error);
    CHECK(none.finished == 0);
  }
}
