// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/gpg_home.hpp"
#include "support/signature_tools.hpp"
#include "verity/openpgp.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("verity/openpgp");

using support::Armor;
using support::ask;
using support::ask_both;
using support::GpgHome;
using support::now;
using support::OnlyTool;
using support::ring_of;

namespace {

const std::string manifest =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 *os_7.raw\n"
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad *os_8.raw\n";

std::string flipped(std::string text, std::size_t index, unsigned char bits = 1)
{
  text[index] = static_cast<char>(static_cast<unsigned char>(text[index]) ^ bits);
  return text;
}

} // namespace

TEST_CASE("a good signature is trusted, whether signature and ring are armored or binary")
{
  GpgHome home;
  home.make_key("alice");
  for (const Armor ring : {Armor::no, Armor::yes})
    for (const Armor signature : {Armor::no, Armor::yes}) {
      const verity::Verdict verdict = ask_both(ring_of(home.public_key("alice", ring)),
                                               manifest,
                                               home.sign("alice", manifest, signature));
      CHECK(verdict.trusted);
      CHECK(verdict.fingerprint == home.fingerprint("alice"));
    }
}

TEST_CASE("the time of a signature is what it says itself")
{
  GpgHome home;
  home.make_key("alice", "20190101T000000", "0");
  const std::string signature =
      home.sign("alice", manifest, Armor::no, {"--faked-system-time", "20200102T030405"});
  const verity::Verdict verdict = ask_both(ring_of(home.public_key("alice")), manifest, signature);
  REQUIRE(verdict.signed_at);
  CHECK(verdict.signed_at->time_since_epoch().count() == 1'577'934'245);
}

TEST_CASE("of several signatures the time of the good one counts, which nobody else can move")
{
  GpgHome home;
  home.make_key("alice", "20190101T000000", "0");
  home.make_key("mallory", "20190101T000000", "0");
  const std::string early =
      home.sign("alice", manifest, Armor::no, {"--faked-system-time", "20200102T030405"});
  const std::string late =
      home.sign("mallory", manifest, Armor::no, {"--faked-system-time", "20250102T030405"});
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  for (const std::string &both : {late + early, early + late})
    CHECK(ask_both(ring, manifest, both).signed_at->time_since_epoch().count() == 1'577'934'245);
}

TEST_CASE("a keyring of GnuPG's keybox format is read")
{
  GpgHome home;
  home.make_key("alice");
  home.make_key("bob");
  const std::string box = home.read("pubring.kbx");
  CHECK(ask_both(ring_of(box), manifest, home.sign("bob", manifest)).trusted);
}

TEST_CASE("a signature by a key that is not in the ring is refused by its key")
{
  GpgHome home;
  home.make_key("alice");
  home.make_key("bob");
  const verity::Verdict verdict =
      ask_both(ring_of(home.public_key("alice")), manifest, home.sign("bob", manifest));
  CHECK_FALSE(verdict.trusted);
  CHECK(verdict.fingerprint.empty());
  CHECK(verdict.why == "it is signed by key " + home.fingerprint("bob").substr(24) +
                           ", which is not in the keyring or not usable");
}

TEST_CASE("a known signer suffices beside an unknown one, in either order, armored or not")
{
  GpgHome home;
  home.make_key("alice");
  home.make_key("bob");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  for (const Armor armor : {Armor::no, Armor::yes}) {
    const std::string known = home.sign("alice", manifest, armor);
    const std::string unknown = home.sign("bob", manifest, armor);
    CHECK(ask_both(ring, manifest, known + unknown).trusted);
    CHECK(ask_both(ring, manifest, unknown + known).trusted);
    CHECK_FALSE(ask_both(ring, manifest, unknown + unknown).trusted);
  }
}

TEST_CASE("a known signer suffices beside a signature that does not fit, in either order")
{
  GpgHome home;
  home.make_key("alice");
  home.make_key("bob");
  const verity::Keyring ring = ring_of(home.public_key("alice") + home.public_key("bob"));
  const std::string good = home.sign("alice", manifest);
  const std::string other = home.sign("bob", manifest + "x");
  CHECK(ask_both(ring, manifest, good + other).trusted);
  CHECK(ask_both(ring, manifest, other + good).trusted);
  CHECK_FALSE(ask_both(ring, manifest, other + other).trusted);
}

TEST_CASE("keys of every file of the ring count")
{
  GpgHome home;
  home.make_key("alice");
  home.make_key("bob");
  verity::Keyring ring = ring_of(home.public_key("alice"));
  ring.push_back(ring_of(home.public_key("bob", Armor::yes)).front());
  CHECK(ask_both(ring, manifest, home.sign("alice", manifest)).trusted);
  CHECK(ask_both(ring, manifest, home.sign("bob", manifest)).trusted);
}

TEST_CASE("a signature by a signing subkey is the primary key's")
{
  GpgHome home;
  home.make_key("alice");
  (void)home.gpg(
      {"--passphrase", "", "--quick-add-key", home.fingerprint("alice"), "ed25519", "sign", "0"});
  const std::string signature = home.sign("alice", manifest);
  const verity::Verdict verdict = ask_both(ring_of(home.public_key("alice")), manifest, signature);
  CHECK(verdict.trusted);
  CHECK(verdict.fingerprint == home.fingerprint("alice"));
}

TEST_CASE("an expired key is not trusted, not even with a signature from before its end")
{
  GpgHome home;
  home.make_key("old", "20200101T000000", "20200201T000000");
  const std::string signature =
      home.sign("old", manifest, Armor::no, {"--faked-system-time", "20200102T000000"});
  const verity::Verdict verdict = ask_both(ring_of(home.public_key("old")), manifest, signature);
  CHECK_FALSE(verdict.trusted);
  CHECK(verdict.why.ends_with("has expired"));
}

TEST_CASE("an expired key does no harm to the others of its ring")
{
  GpgHome home;
  home.make_key("old", "20200101T000000", "20200201T000000");
  home.make_key("alice");
  const verity::Keyring ring = ring_of(home.public_key("old") + home.public_key("alice"));
  CHECK(ask_both(ring, manifest, home.sign("alice", manifest)).trusted);
  const std::string backdated =
      home.sign("old", manifest, Armor::no, {"--faked-system-time", "20200102T000000"});
  CHECK_FALSE(ask_both(ring, manifest, backdated).trusted);
}

TEST_CASE("an expired subkey is not trusted although its primary key lives")
{
  GpgHome home;
  home.make_key("alice", "20190101T000000", "0");
  (void)home.gpg({"--faked-system-time",
                  "20200101T000000",
                  "--passphrase",
                  "",
                  "--quick-add-key",
                  home.fingerprint("alice"),
                  "ed25519",
                  "sign",
                  "20200201T000000"});
  const std::string signature =
      home.sign("alice", manifest, Armor::no, {"--faked-system-time", "20200102T000000"});
  CHECK_FALSE(ask_both(ring_of(home.public_key("alice")), manifest, signature).trusted);
}

TEST_CASE("a key whose life was prolonged is trusted")
{
  GpgHome home;
  home.make_key("alice", "20200101T000000", "20200201T000000");
  (void)home.gpg({"--faked-system-time",
                  "20200115T000000",
                  "--quick-set-expire",
                  home.fingerprint("alice"),
                  "0"});
  CHECK(
      ask_both(ring_of(home.public_key("alice")), manifest, home.sign("alice", manifest)).trusted);
}

TEST_CASE("an expired signature of a living key is refused")
{
  GpgHome home;
  home.make_key("alice", "20190101T000000", "0");
  const std::string signature =
      home.sign("alice",
                manifest,
                Armor::no,
                {"--faked-system-time", "20200102T000000", "--default-sig-expire", "1d"});
  CHECK_FALSE(ask_both(ring_of(home.public_key("alice")), manifest, signature).trusted);
}

TEST_CASE("a revoked key is not trusted")
{
  GpgHome home;
  home.make_key("alice");
  const std::string signature = home.sign("alice", manifest);
  std::string revocation = home.read("openpgp-revocs.d/" + home.fingerprint("alice") + ".rev");
  revocation.erase(0, revocation.find(":-----BEGIN") + 1);
  (void)home.gpg({"--import", home.file("revocation", revocation)});
  const verity::Verdict verdict = ask_both(ring_of(home.public_key("alice")), manifest, signature);
  CHECK_FALSE(verdict.trusted);
  CHECK(verdict.why.ends_with("was revoked"));
}

TEST_CASE("a signature with SHA-1 is refused by both tools")
{
  GpgHome home;
  (void)home.gpg({"--passphrase", "", "--quick-gen-key", "alice", "rsa2048", "sign", "0"});
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  CHECK(ask_both(ring, manifest, home.sign("alice", manifest)).trusted);
  CHECK_FALSE(
      ask_both(ring, manifest, home.sign("alice", manifest, Armor::no, {"--digest-algo", "SHA1"}))
          .trusted);
}

TEST_CASE("a signature from the future is refused")
{
  GpgHome home;
  home.make_key("alice");
  const std::string signature =
      home.sign("alice", manifest, Armor::no, {"--faked-system-time", "20900102T000000"});
  CHECK_FALSE(ask_both(ring_of(home.public_key("alice")), manifest, signature).trusted);
}

TEST_CASE("a signature in text mode is refused, since it would let line ends be changed")
{
  GpgHome home;
  home.make_key("alice");
  const verity::Verdict verdict = ask_both(ring_of(home.public_key("alice")),
                                           manifest,
                                           home.sign("alice", manifest, Armor::no, {"--textmode"}));
  CHECK_FALSE(verdict.trusted);
  CHECK(verdict.why == "it is not a signature of a binary document; sign without --textmode");
}

TEST_CASE("a signed message in place of the signature is refused, also a clear-signed one")
{
  GpgHome home;
  home.make_key("alice");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  const std::string letter = home.file("letter", "a letter that alice really signed\n");
  for (const char *how : {"--sign", "--clearsign", "--armor"}) {
    std::vector<std::string> arguments{"--local-user", "alice", "--output", "-", how};
    if (std::string(how) == "--armor")
      arguments.emplace_back("--sign");
    arguments.push_back(letter);
    CHECK_FALSE(ask_both(ring, manifest, home.gpg(arguments)).trusted);
  }
  const std::string uncompressed = home.gpg(
      {"--local-user", "alice", "--compress-algo", "none", "--output", "-", "--sign", letter});
  CHECK(ask_both(ring, manifest, uncompressed).why ==
        "there is something else than a detached signature in the signature");
}

TEST_CASE("a key in place of the signature is refused")
{
  GpgHome home;
  home.make_key("alice");
  const std::string key = home.public_key("alice");
  CHECK_FALSE(ask_both(ring_of(key), manifest, key).trusted);
}

TEST_CASE("what is no signature at all is refused, each with its reason")
{
  GpgHome home;
  home.make_key("alice");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  const std::string armored = home.sign("alice", manifest, Armor::yes);
  CHECK(ask_both(ring, manifest, "").why == "the signature is empty");
  CHECK(ask_both(ring, manifest, "<!DOCTYPE html><html></html>").why ==
        "this is a web page and not an OpenPGP signature");
  CHECK(ask_both(ring, manifest, std::string(64, '\0')).why == "this is not an OpenPGP signature");
  CHECK(ask_both(ring, manifest, std::string(70'000, '\x88')).why ==
        "the signature is larger than 65536 bytes");
  CHECK_FALSE(ask_both(ring, manifest, armored.substr(0, armored.size() / 2)).trusted);
  std::string many;
  for (int n = 0; n < 17; ++n)
    many += home.sign("alice", manifest);
  CHECK(ask_both(ring, manifest, many).why == "there are more than 16 signatures");
}

TEST_CASE("every truncation of a binary signature is refused")
{
  GpgHome home;
  home.make_key("alice");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  const std::string signature = home.sign("alice", manifest);
  for (std::size_t length = 0; length < signature.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(ask("sqv", ring, manifest, signature.substr(0, length)).trusted);
    CHECK_FALSE(ask("gpgv", ring, manifest, signature.substr(0, length)).trusted);
  }
}

TEST_CASE("a change in any byte of the data is refused")
{
  GpgHome home;
  home.make_key("alice");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  const std::string signature = home.sign("alice", manifest);
  for (std::size_t index = 0; index < manifest.size(); ++index) {
    CAPTURE(index);
    const std::string changed =
        flipped(manifest, index, static_cast<unsigned char>(1U << index % 8));
    CHECK_FALSE(ask("sqv", ring, changed, signature).trusted);
    CHECK_FALSE(ask("gpgv", ring, changed, signature).trusted);
  }
}

TEST_CASE("data cut short, made longer or with other line ends are refused")
{
  GpgHome home;
  home.make_key("alice");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  const std::string signature = home.sign("alice", manifest);
  CHECK_FALSE(ask_both(ring, manifest.substr(1), signature).trusted);
  CHECK_FALSE(ask_both(ring, manifest.substr(0, manifest.size() - 1), signature).trusted);
  CHECK_FALSE(ask_both(ring, manifest + "\n", signature).trusted);
  CHECK_FALSE(ask_both(ring, manifest + std::string(1, '\0'), signature).trusted);
  CHECK_FALSE(ask_both(ring, "", signature).trusted);
  std::string dos = manifest;
  for (std::size_t at = 0; (at = dos.find('\n', at)) != std::string::npos; at += 2)
    dos.insert(at, "\r");
  CHECK_FALSE(ask_both(ring, dos, signature).trusted);
}

TEST_CASE("a changed signature makes no changed data trusted, and none in its signed part is")
{
  GpgHome home;
  home.make_key("alice");
  const verity::Keyring ring = ring_of(home.public_key("alice"));
  const std::string signature = home.sign("alice", manifest);
  const std::size_t hashed_length = static_cast<unsigned char>(signature[7]);
  for (std::size_t index = 0; index < signature.size(); ++index) {
    CAPTURE(index);
    const std::string changed = flipped(signature, index);
    CHECK_FALSE(ask("gpgv", ring, manifest + "x", changed).trusted);
    // Version, type, algorithms and hashed subpackets lie behind the two bytes of framing.
    if (index >= 2 && index < 8 + hashed_length) {
      CHECK_FALSE(ask("gpgv", ring, manifest, changed).trusted);
      CHECK_FALSE(ask("sqv", ring, manifest, changed).trusted);
    }
  }
}

TEST_CASE("a machine with neither program is told so")
{
  OnlyTool programs("none");
  GpgHome home;
  home.make_key("alice");
  const std::string signature = home.sign("alice", manifest);
  CHECK_THROWS_WITH_AS((void)verity::verify_openpgp(programs,
                                                    ring_of(home.public_key("alice")),
                                                    std::as_bytes(std::span(manifest)),
                                                    std::as_bytes(std::span(signature)),
                                                    now()),
                       "neither sqv nor gpgv is installed, one of which must check signatures",
                       base::Error);
}

TEST_CASE("status lines of gpgv are believed only as a good and valid pair of one signature")
{
  using verity::read_gpgv_status;
  const std::string start = "[GNUPG:] NEWSIG\n";
  const std::string good = "[GNUPG:] GOODSIG AAAA alice\n";
  const std::string primary(40, 'F');
  const std::string valid = "[GNUPG:] VALIDSIG F00 2026-01-01 1 0 4 0 22 8 00 " + primary + "\n";
  CHECK(read_gpgv_status(start + good + valid).fingerprint == primary);
  CHECK_FALSE(read_gpgv_status("").trusted);
  CHECK_FALSE(read_gpgv_status(start + valid).trusted);
  CHECK_FALSE(read_gpgv_status(start + good).trusted);
  CHECK_FALSE(read_gpgv_status(start + good + start + valid).trusted);
  CHECK_FALSE(read_gpgv_status(start + "[GNUPG:] EXPKEYSIG AAAA alice\n" + valid).trusted);
  CHECK_FALSE(read_gpgv_status(start + "[GNUPG:] REVKEYSIG AAAA alice\n" + valid).trusted);
  CHECK_FALSE(read_gpgv_status(start + "[GNUPG:] EXPSIG AAAA alice\n" + valid).trusted);
  CHECK_FALSE(read_gpgv_status(start + good + "[GNUPG:] BADSIG AAAA alice\n" + valid).trusted);
  CHECK_FALSE(read_gpgv_status("GOODSIG AAAA\nVALIDSIG F00\n").trusted);
  const std::string cut_short = valid.substr(0, valid.find(" 8 "));
  CHECK_FALSE(read_gpgv_status("[GNUPG:] GOODSIG AAAA name\n" + cut_short).trusted);
  CHECK(read_gpgv_status(start + "[GNUPG:] BADSIG AAAA GOODSIG x\n").why ==
        "the signature by key AAAA does not fit the data");
}
