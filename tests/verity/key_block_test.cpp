// SPDX-License-Identifier: Apache-2.0
#include "support/gpg_home.hpp"
#include "support/signature_tools.hpp"
#include "verity/key_block.hpp"
#include "verity/openpgp_packets.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("verity/key_block");

using support::Armor;
using support::ask_both;
using support::GpgHome;
using support::now;
using support::ring_of;
using verity::PacketTag;
using verity::with_new_subkeys;

namespace {

std::string packets_of(const verity::Keyring &ring)
{
  return ring.front().packets;
}

const std::string manifest =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 *os_7.raw\n";

/// A key of 2019 from whose subkeys those made at other times can be told.
void make_old_key(GpgHome &home, const std::string &name)
{
  home.make_key(name, "20190101T000000", "0");
}

void add_subkey(GpgHome &home,
                const std::string &name,
                const std::string &from,
                const std::string &until = "0")
{
  (void)home.gpg({"--faked-system-time",
                  from,
                  "--passphrase",
                  "",
                  "--quick-add-key",
                  home.fingerprint(name),
                  "ed25519",
                  "sign",
                  until});
}

/// A signature that brings its certificate along; gpg signs with the newest subkey.
std::string sign_with_block(GpgHome &home, const std::string &name, Armor armor = Armor::no)
{
  return home.sign(name, manifest, armor, {"--include-key-block"});
}

/// The subkeys of the only certificate in `key`, each with its signatures.
std::string subkeys_of(const std::string &key)
{
  std::string result;
  const auto packets = verity::split_packets(key);
  REQUIRE(packets);
  for (const verity::Packet &packet : *packets)
    if (!result.empty() || packet.tag == PacketTag::public_subkey)
      result += packet.whole;
  return result;
}

std::string from_hex(const std::string &digits)
{
  std::string bytes;
  for (std::size_t at = 0; at < digits.size(); at += 2)
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16)));
  return bytes;
}

std::string replaced(std::string text, const std::string &from, const std::string &to)
{
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
    ++count;
  }
  REQUIRE(count > 0);
  return text;
}

} // namespace

TEST_CASE("a subkey made later is trusted once a signature brings it, by its primary key's name")
{
  GpgHome home;
  make_old_key(home, "alice");
  for (const Armor armor : {Armor::no, Armor::yes}) {
    const verity::Keyring ring = ring_of(home.public_key("alice", armor));
    add_subkey(home, "alice", armor == Armor::no ? "20200101T000000" : "20200201T000000");
    CHECK_FALSE(ask_both(ring, manifest, home.sign("alice", manifest, armor)).trusted);
    const verity::Verdict verdict = ask_both(ring, manifest, sign_with_block(home, "alice", armor));
    CHECK(verdict.trusted);
    CHECK(verdict.fingerprint == home.fingerprint("alice"));
  }
}

TEST_CASE("a new subkey is found among other certificates and files, and in every copy of its own")
{
  GpgHome home;
  make_old_key(home, "alice");
  make_old_key(home, "bob");
  make_old_key(home, "carol");
  const std::string alice = home.public_key("alice");
  const std::string bob = home.public_key("bob");
  const std::string carol = home.public_key("carol");
  add_subkey(home, "alice", "20200101T000000");
  const std::string signature = sign_with_block(home, "alice");
  for (const std::string &keys : {bob + alice + carol, alice + bob, alice + bob + alice})
    CHECK(ask_both(ring_of(keys), manifest, signature).trusted);
  verity::Keyring ring = ring_of(bob);
  ring.push_back(ring_of(alice).front());
  ring.push_back(ring_of(alice).front());
  CHECK(ask_both(ring, manifest, signature).trusted);
}

TEST_CASE("a signature with a certificate by a key that the ring knows is as good as without")
{
  GpgHome home;
  make_old_key(home, "alice");
  CHECK(ask_both(ring_of(home.public_key("alice")), manifest, sign_with_block(home, "alice"))
            .trusted);
  add_subkey(home, "alice", "20200101T000000");
  CHECK(ask_both(ring_of(home.public_key("alice")), manifest, sign_with_block(home, "alice"))
            .trusted);
}

TEST_CASE("a certificate that a signature brings is worth nothing without its primary key's trust")
{
  GpgHome home;
  make_old_key(home, "alice");
  make_old_key(home, "mallory");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  CHECK_FALSE(ask_both(ring, manifest, sign_with_block(home, "mallory")).trusted);
  add_subkey(home, "mallory", "20200101T000000");
  CHECK_FALSE(ask_both(ring, manifest, sign_with_block(home, "mallory")).trusted);
}

TEST_CASE("data that the new subkey did not sign are refused")
{
  GpgHome home;
  make_old_key(home, "alice");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  add_subkey(home, "alice", "20200101T000000");
  const std::string signature = sign_with_block(home, "alice");
  CHECK(ask_both(ring, manifest, signature).trusted);
  CHECK_FALSE(ask_both(ring, manifest + "x", signature).trusted);
  CHECK_FALSE(ask_both(ring, manifest.substr(1), signature).trusted);
}

TEST_CASE("a subkey that another key bound to a trusted primary key is refused")
{
  GpgHome home;
  make_old_key(home, "alice");
  make_old_key(home, "mallory");
  add_subkey(home, "mallory", "20200101T000000");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  const std::string signature = home.sign("mallory", manifest);
  const std::string subkey = subkeys_of(home.public_key("mallory"));
  const std::string alice_id = from_hex(home.fingerprint("alice"));
  const std::string mallory_id = from_hex(home.fingerprint("mallory"));
  const std::string renamed =
      replaced(replaced(subkey, mallory_id, alice_id), mallory_id.substr(12), alice_id.substr(12));
  // What gpg adds in its own rings to signatures that it has checked and found good.
  const std::string trust("\xb0\x02\x00\x03", 4);
  const std::string trust_of_gpg("\xb0\x06\x00\x03gpg\x00", 8);
  for (const std::string &forged : {subkey, renamed, renamed + trust, renamed + trust_of_gpg}) {
    const verity::Keyring fooled = with_new_subkeys(ring, ring.front().packets + forged, now());
    // It is there for the tools to judge, but not what was judged elsewhere.
    CHECK(fooled.front().packets.size() > ring.front().packets.size());
    CHECK(fooled.front().packets.find(trust) == std::string::npos);
    CHECK_FALSE(ask_both(fooled, manifest, signature).trusted);
  }
}

TEST_CASE("a subkey that the ring knows as revoked stays so, however a signature brings it")
{
  GpgHome home;
  make_old_key(home, "alice");
  add_subkey(home, "alice", "20200101T000000");
  const std::string before = home.public_key("alice");
  const std::string signature = sign_with_block(home, "alice");
  CHECK(ask_both(ring_of(before), manifest, signature).trusted);
  (void)home.gpg({"--no-batch",
                  "--command-file",
                  home.file("commands", "key 1\nrevkey\ny\n0\n\ny\nsave\n"),
                  "--edit-key",
                  "alice"});
  const std::string revoked = home.public_key("alice");
  REQUIRE(revoked.size() > before.size());
  CHECK_FALSE(ask_both(ring_of(revoked), manifest, signature).trusted);
  // Nor does one copy without the revocation beside one with it make the subkey new.
  CHECK(packets_of(with_new_subkeys(ring_of(revoked + revoked), before, now())) ==
        revoked + revoked);
  // The same subkey in another writing, which GnuPG takes for the same.
  const verity::Packet subkey = verity::split_packets(before)->at(3);
  REQUIRE(subkey.tag == PacketTag::public_subkey);
  std::string longer = "\xb8";
  longer.push_back(static_cast<char>(subkey.body.size() + 1));
  longer += std::string(subkey.body) + std::string(1, '\0');
  const std::string disguised = replaced(before, std::string(subkey.whole), longer);
  CHECK(packets_of(with_new_subkeys(ring_of(revoked), disguised, now())) == revoked);
  // And one that the certificate itself calls revoked is not taken by a ring that knows neither.
  const std::string bare = before.substr(0, before.size() - subkeys_of(before).size());
  CHECK(packets_of(with_new_subkeys(ring_of(bare), before, now())) == before);
  CHECK(packets_of(with_new_subkeys(ring_of(bare), revoked, now())) == bare);
}

TEST_CASE("a new subkey that has expired is refused, also with a forged word that it lives on")
{
  GpgHome home;
  make_old_key(home, "alice");
  const std::string known = home.public_key("alice");
  add_subkey(home, "alice", "20200101T000000", "20200201T000000");
  const std::string signature =
      home.sign("alice",
                manifest,
                Armor::no,
                {"--include-key-block", "--faked-system-time", "20200102T000000"});
  CHECK_FALSE(ask_both(ring_of(known), manifest, signature).trusted);
  GpgHome other;
  make_old_key(other, "mallory");
  add_subkey(other, "mallory", "20200115T000000");
  const std::string endless = subkeys_of(other.public_key("mallory"));
  const auto forged = verity::split_packets(endless);
  const verity::Keyring ring = with_new_subkeys(
      ring_of(known), home.public_key("alice") + std::string(forged->at(1).whole), now());
  CHECK(packets_of(ring).size() > known.size());
  CHECK_FALSE(
      ask_both(ring,
               manifest,
               home.sign("alice", manifest, Armor::no, {"--faked-system-time", "20200102T000000"}))
          .trusted);
}

TEST_CASE("nothing of a brought certificate counts but its subkeys")
{
  GpgHome home;
  make_old_key(home, "alice");
  make_old_key(home, "mallory");
  const std::string known = home.public_key("alice");
  (void)home.gpg({"--quick-add-uid", "alice", "alice elsewhere"});
  add_subkey(home, "alice", "20200101T000000");
  const std::string brought = home.public_key("alice");
  CHECK(packets_of(with_new_subkeys(ring_of(known), brought, now())) ==
        known + subkeys_of(brought));
  const std::string other = home.public_key("mallory");
  CHECK(packets_of(with_new_subkeys(ring_of(known), brought + other, now())) == known);
  CHECK(packets_of(with_new_subkeys(ring_of(known), other + brought, now())) == known);
}

TEST_CASE("a brought certificate that is damaged changes nothing")
{
  GpgHome home;
  make_old_key(home, "alice");
  const std::string known = home.public_key("alice");
  add_subkey(home, "alice", "20200101T000000");
  const std::string brought = home.public_key("alice");
  for (std::size_t length = 0; length < brought.size(); ++length) {
    CAPTURE(length);
    CHECK(packets_of(with_new_subkeys(ring_of(known), brought.substr(0, length), now())) == known);
  }
  CHECK(packets_of(with_new_subkeys(ring_of(known), subkeys_of(brought), now())) == known);
}
