// SPDX-License-Identifier: Apache-2.0
#include "verity/hmac.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("verity/hmac");

TEST_CASE("the code of a message is that of RFC 4231, for short and for long keys")
{
  const std::string jefe = "Jefe";
  const std::string question = "what do ya want for nothing?";
  const auto bytes = [](const std::string &text) { return std::as_bytes(std::span(text)); };
  CHECK(verity::hex(verity::hmac_sha256(bytes(jefe), bytes(question))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string long_key(131, '\xaa');
  const std::string text = "Test Using Larger Than Block-Size Key - Hash Key First";
  CHECK(verity::hex(verity::hmac_sha256(bytes(long_key), bytes(text))) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
