// SPDX-License-Identifier: Apache-2.0
#include "verity/openpgp_packets.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("verity/openpgp_packets");

using namespace std::string_literals;

TEST_CASE("packets with old and new headers of every definite length are cut apart")
{
  const std::string body(300, 'b');
  const std::string bytes = "\x88\x02hi"s + "\x89\x00\x01x"s + "\x8a\x00\x00\x00\x01y"s +
                            "\xc2\x03new"s + "\xc2\xc0\x6c"s + body + "\xc6\xff\x00\x00\x00\x01z"s;
  const auto packets = verity::split_packets(bytes);
  REQUIRE(packets);
  REQUIRE(packets->size() == 6);
  CHECK(packets->at(0).body == "hi");
  CHECK(packets->at(2).body == "y");
  CHECK(packets->at(4).body == body);
  CHECK(packets->at(5).tag == verity::PacketTag::public_key);
  std::string joined;
  for (const verity::Packet &packet : *packets)
    joined += packet.whole;
  CHECK(joined == bytes);
}

TEST_CASE("packets that end early, have no definite length or no header bit are refused")
{
  CHECK_FALSE(verity::split_packets("\x88\x03hi"s));
  CHECK_FALSE(verity::split_packets("\x88"s));
  CHECK_FALSE(verity::split_packets("\x8bhi"s));
  CHECK_FALSE(verity::split_packets("\xc2\xe1hi"s));
  CHECK_FALSE(verity::split_packets("\xc2\xff\xff\xff\xff\xff"s));
  CHECK_FALSE(verity::split_packets("hello"s));
  CHECK(verity::split_packets("")->empty());
}

TEST_CASE("a signature that promises more subpackets than it has is refused")
{
  CHECK(verity::read_signature("\x04\x00\x16\x08\x00\x06\x05\x02\x00\x00\x00\x2a\x00\x00"s)
            ->made->time_since_epoch()
            .count() == 42);
  CHECK_FALSE(verity::read_signature("\x04\x00\x16\x08\x00\x07\x05\x02\x00\x00\x00\x2a"s));
  CHECK_FALSE(verity::read_signature("\x04\x00\x16\x08\x00\x06\x06\x02\x00\x00\x00\x2a"s));
  CHECK_FALSE(verity::read_signature("\x04\x00\x16\x08\x00\x01\x00"s));
  CHECK_FALSE(verity::read_signature("\x09\x00"s));
  CHECK_FALSE(verity::read_signature(""));
}

TEST_CASE("a time that lies outside the signed subpackets is not read")
{
  const auto facts =
      verity::read_signature("\x04\x00\x16\x08\x00\x00\x00\x06\x05\x02\x00\x00\x00\x2a"s);
  REQUIRE(facts);
  CHECK_FALSE(facts->made);
}

TEST_CASE("a certificate is read from the signed subpackets only, and in OpenPGP's format only")
{
  const auto block = [](const std::string &rest) {
    return std::string(verity::read_signature("\x04\x00\x16\x08"s + rest)->key_block);
  };
  CHECK(block("\x00\x05\x04\x26\x00hi\x00\x00"s) == "hi");
  CHECK(block("\x00\x05\x04\x26\x01hi\x00\x00"s).empty());
  CHECK(block("\x00\x03\x02\x26\x00\x00\x00"s).empty());
  CHECK(block("\x00\x02\x01\x26\x00\x00"s).empty());
  CHECK(block("\x00\x00\x00\x05\x04\x26\x00hi"s).empty());
}

TEST_CASE("armor is taken off with headers, other line ends and text around it")
{
  const std::string block = "-----BEGIN PGP SIGNATURE-----\r\nVersion: 1\r\n\r\naGVs\r\nbG8=\r\n"
                            "=AAAA\r\n-----END PGP SIGNATURE-----\r\n";
  CHECK(verity::unarmor(block, "PGP SIGNATURE") == "hello");
  CHECK(verity::unarmor("before\n" + block + "between\n" + block, "PGP SIGNATURE") == "hellohello");
}

TEST_CASE("armor that is damaged, cut or of another kind is refused")
{
  const auto unarmor = [](const std::string &content) {
    return verity::unarmor("-----BEGIN PGP SIGNATURE-----\n\n" + content, "PGP SIGNATURE");
  };
  CHECK(unarmor("aGk=\n-----END PGP SIGNATURE-----\n"));
  CHECK_FALSE(unarmor("aGk=\n"));
  CHECK_FALSE(unarmor("aG!=\n-----END PGP SIGNATURE-----\n"));
  CHECK_FALSE(unarmor("aGk\n-----END PGP SIGNATURE-----\n"));
  CHECK_FALSE(unarmor("a=Gk\n-----END PGP SIGNATURE-----\n"));
  CHECK_FALSE(unarmor("aGk=\n-----END PGP MESSAGE-----\n"));
  CHECK_FALSE(verity::unarmor("", "PGP SIGNATURE"));
}

TEST_CASE("a damaged keybox is refused")
{
  const std::string header = "\x00\x00\x00\x20\x01\x01\x00\x02KBXf"s + std::string(20, '\0');
  const std::string key =
      "\x00\x00\x00\x14\x02\x01\x00\x00\x00\x00\x00\x10\x00\x00\x00\x04"s + "keys";
  CHECK(verity::unpack_keybox(header + key) == "keys");
  CHECK(verity::unpack_keybox(header) == "");
  CHECK_FALSE(verity::unpack_keybox(key + header));
  CHECK_FALSE(verity::unpack_keybox(header + header));
  CHECK_FALSE(verity::unpack_keybox(header + key.substr(0, 19)));
  std::string outside = key;
  outside[15] = '\x05';
  CHECK_FALSE(verity::unpack_keybox(header + outside));
  outside[15] = '\x04';
  outside[8] = '\xff';
  CHECK_FALSE(verity::unpack_keybox(header + outside));
}
