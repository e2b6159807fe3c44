// SPDX-License-Identifier: Apache-2.0
#include "verity/digest.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("verity/digest");

TEST_CASE("the digest of a stream is that of FIPS 180-4, whatever the pieces")
{
  const std::string text = "abc";
  const auto bytes = std::as_bytes(std::span(text));
  verity::Digest digest;
  digest.update(bytes.first(1));
  digest.update(bytes.subspan(1));
  const std::string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(verity::hex(digest.finish()) == expected);
  CHECK(verity::hex(verity::digest_of(bytes)) == expected);
  CHECK(verity::parse_sha256(expected) == verity::digest_of(bytes));
}

TEST_CASE("only 64 hex digits are a digest")
{
  const std::string good(64, 'a');
  CHECK(verity::parse_sha256(good));
  CHECK_FALSE(verity::parse_sha256(good.substr(1)));
  CHECK_FALSE(verity::parse_sha256(good + "a"));
  CHECK_FALSE(verity::parse_sha256(std::string(63, 'a') + "g"));
}
