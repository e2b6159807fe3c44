// SPDX-License-Identifier: Apache-2.0
// Attacks on what a client believes: each has to be refused, by its name, and to change nothing of
// what is remembered.
#include "bakery/signed_manifest.hpp"
#include "base/error.hpp"
#include "verity/base64.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <random>

TEST_SUITE_BEGIN("bakery/manifest_attack");

using bakery::SigningKey;
using bakery_test::claim_of;
using bakery_test::good_manifest;
using bakery_test::sign;
using bakery_test::time;
using verity::ManifestClaim;
using verity::ReleaseManifest;
using verity::TrustMarks;
using verity::TrustRoot;

namespace {

const SigningKey release_key = SigningKey::generate();
const SigningKey second_key = SigningKey::generate();
const SigningKey third_key = SigningKey::generate();
const SigningKey stranger = SigningKey::generate();

/// What a machine is shown, and what it knows.
struct Scene {
  ReleaseManifest manifest = good_manifest();
  std::vector<const SigningKey *> signers = {&release_key};
  ManifestClaim claim = claim_of(release_key.public_key());
  std::optional<TrustMarks> marks{};
  std::function<void(std::string &text, std::string &signatures)> on_the_way = {};

  /// Lets the machine see it; the attack that it was refused by, or "".
  std::string show()
  {
    std::string text = text_of(manifest);
    std::string signatures;
    for (const SigningKey *signer : signers)
      signatures += sign(*signer, text);
    if (on_the_way)
      on_the_way(text, signatures);
    try {
      const auto trusted = verity::judge_manifest(text, signatures, claim, marks);
      CHECK(trusted.manifest == manifest);
      marks = trusted.marks;
      return "";
    } catch (const base::Error &error) {
      const std::string what = error.what();
      const bool is_stale = what.starts_with("freeze");
      CHECK(error.kind() == (is_stale                              ? base::Kind::stale
                             : what.starts_with("it needs strake") ? base::Kind::config
                                                                   : base::Kind::untrusted));
      return what.substr(0, what.find(':'));
    }
  }
};

struct Attack {
  std::string what;
  std::function<void(Scene &)> make;
  std::string name; ///< by which it is refused; "": it is none
};

/// Each on a machine that has seen the good manifest.
const std::vector<Attack> attacks = {
    // Nothing wrong.
    {"the same once more", [](Scene &) {}, ""},
    {"a newer one", [](Scene &s) { s.manifest.sequence = 18; }, ""},
    {"a newer one, issued in the same second",
     [](Scene &s) {
       s.manifest.sequence = 18;
       s.manifest.releases.pop_back();
     },
     ""},
    {"a signature of a stranger beside the right one",
     [](Scene &s) { s.signers = {&stranger, &release_key}; },
     ""},
    {"for all products",
     [](Scene &s) {
       s.manifest.sequence = 18;
       s.manifest.product.clear();
     },
     ""},
    {"for a client of this age",
     [](Scene &s) {
       s.manifest.sequence = 18;
       s.manifest.min_client = "0.1.0";
     },
     ""},
    // Content of somebody else.
    {"no signature", [](Scene &s) { s.signers = {}; }, "no signature"},
    {"an empty signature",
     [](Scene &s) { s.on_the_way = [](auto &, auto &signatures) { signatures = "\n"; }; },
     "changed content"},
    {"a web page instead of the signature",
     [](Scene &s) { s.on_the_way = [](auto &, auto &signatures) { signatures = "<html>"; }; },
     "changed content"},
    {"the signature of a stranger", [](Scene &s) { s.signers = {&stranger}; }, "unknown signer"},
    {"the signatures of two strangers",
     [](Scene &s) { s.signers = {&stranger, &second_key}; },
     "unknown signer"},
    {"one byte changed",
     [](Scene &s) { s.on_the_way = [](auto &text, auto &) { text[20] ^= 1; }; },
     "changed content"},
    {"one byte more",
     [](Scene &s) { s.on_the_way = [](auto &text, auto &) { text += "\n"; }; },
     "changed content"},
    {"one byte less",
     [](Scene &s) { s.on_the_way = [](auto &text, auto &) { text.pop_back(); }; },
     "changed content"},
    {"nothing at all",
     [](Scene &s) { s.on_the_way = [](auto &text, auto &) { text.clear(); }; },
     "changed content"},
    {"another manifest with this signature",
     [](Scene &s) {
       s.on_the_way = [](auto &text, auto &) {
         ReleaseManifest other = good_manifest();
         other.sequence = 99;
         text = text_of(other);
       };
     },
     "changed content"},
    {"the number of our key on a stranger's signature",
     [](Scene &s) {
       s.signers = {};
       s.on_the_way = [](auto &text, auto &signatures) {
         const verity::MinisignKeyId id = release_key.public_key().id;
         signatures = sign(stranger, text);
         std::string raw =
             verity::decode_base64(signatures.substr(signatures.find('\n') + 1, 100)).value();
         std::copy_n(reinterpret_cast<const char *>(id.data()), id.size(), raw.begin() + 2);
         signatures.replace(signatures.find('\n') + 1, 100, verity::encode_base64(raw));
       };
     },
     "changed content"},
    {"a trusted comment of somebody else",
     [](Scene &s) {
       s.on_the_way = [](auto &, auto &signatures) {
         signatures.replace(signatures.find("for a test"), 3, "FOR");
       };
     },
     "changed content"},
    {"the legacy format",
     [](Scene &s) {
       s.on_the_way = [](auto &, auto &signatures) {
         std::string raw =
             verity::decode_base64(signatures.substr(signatures.find('\n') + 1, 100)).value();
         raw[1] = 'd';
         signatures.replace(signatures.find('\n') + 1, 100, verity::encode_base64(raw));
       };
     },
     "changed content"},
    // Too much.
    {"signatures without an end",
     [](Scene &s) {
       s.on_the_way = [](auto &, auto &signatures) { signatures += std::string(1U << 20U, 'x'); };
     },
     "endless data"},
    {"a manifest without an end",
     [](Scene &s) {
       s.on_the_way = [](auto &text, auto &) {
         text += std::string(verity::release_manifest_limit, ' ');
       };
     },
     "endless data"},
    // Thresholds.
    {"one signature where two have to",
     [](Scene &s) { s.claim.keys = {{release_key.public_key(), second_key.public_key()}, 2}; },
     "threshold"},
    {"one key twice where two have to",
     [](Scene &s) {
       s.claim.keys = {{release_key.public_key(), second_key.public_key()}, 2};
       s.signers = {&release_key, &release_key};
     },
     "threshold"},
    {"a stranger as the second",
     [](Scene &s) {
       s.claim.keys = {{release_key.public_key(), second_key.public_key()}, 2};
       s.signers = {&release_key, &stranger};
     },
     "threshold"},
    {"a broken signature as the second",
     [](Scene &s) {
       s.claim.keys = {{release_key.public_key(), second_key.public_key()}, 2};
       s.signers = {&release_key, &second_key};
       s.on_the_way = [](auto &, auto &signatures) {
         signatures.replace(signatures.rfind("for a test"), 3, "FOR");
       };
     },
     "changed content"},
    {"two of three",
     [](Scene &s) {
       s.claim.keys = {{release_key.public_key(), second_key.public_key(), third_key.public_key()},
                       2};
       s.signers = {&third_key, &release_key};
     },
     ""},
    {"two of three, in the company of strangers",
     [](Scene &s) {
       s.claim.keys = {{release_key.public_key(), second_key.public_key(), third_key.public_key()},
                       2};
       s.signers = {&stranger, &third_key, &stranger, &release_key};
     },
     ""},
    // Something else of the same signer.
    {"another repository",
     [](Scene &s) {
       s.manifest.repository = "other.example";
       s.manifest.sequence = 18;
     },
     "wrong repository"},
    {"another repository than the root says",
     [](Scene &s) {
       s.marks.reset();
       s.claim.repository = "other.example";
     },
     "wrong repository"},
    {"another channel",
     [](Scene &s) {
       s.manifest.channel = "candidate";
       s.manifest.sequence = 18;
     },
     "wrong channel"},
    {"another product",
     [](Scene &s) {
       s.manifest.product = "toaster";
       s.manifest.sequence = 18;
     },
     "wrong product"},
    {"a product for a machine that is none",
     [](Scene &s) { s.claim.product.clear(); },
     "wrong product"},
    {"a newer client's",
     [](Scene &s) {
       s.manifest.sequence = 18;
       s.manifest.min_client = "0.2";
     },
     "it needs strake 0.2 or newer, and this is 0.1.0; update strake first"},
    // Old ones.
    {"the one before", [](Scene &s) { s.manifest.sequence = 16; }, "rollback"},
    {"the first of all", [](Scene &s) { s.manifest.sequence = 1; }, "rollback"},
    {"the one before, issued later",
     [](Scene &s) {
       s.manifest.sequence = 16;
       s.manifest.issued += std::chrono::days(1);
     },
     "rollback"},
    {"a larger number, issued earlier",
     [](Scene &s) {
       s.manifest.sequence = 18;
       s.manifest.issued -= std::chrono::seconds(1);
     },
     "rollback"},
    {"trusted by an older root",
     [](Scene &s) {
       s.marks->root = 2;
       s.claim.root = 1;
       s.manifest.sequence = 99;
     },
     "rollback"},
    {"by a single key what was trusted by a root",
     [](Scene &s) {
       s.marks->root = 1;
       s.manifest.sequence = 99;
     },
     "rollback"},
    {"one that goes by a newer root", [](Scene &s) { s.manifest.keys = 1; }, "withheld root"},
    {"one that goes by a root that is kept back",
     [](Scene &s) {
       s.claim.root = 3;
       s.manifest.keys = 4;
     },
     "withheld root"},
    // Two of one number.
    {"one release less by the same number",
     [](Scene &s) { s.manifest.releases.pop_back(); },
     "mix and match"},
    {"a later end by the same number",
     [](Scene &s) { s.manifest.expires += std::chrono::days(1); },
     "mix and match"},
    {"a changed hash by the same number",
     [](Scene &s) { s.manifest.releases[0].artifacts[0].sha256.back() = std::byte{9}; },
     "mix and match"},
    // The same for ever.
    {"after its end", [](Scene &s) { s.claim.now = time("2026-12-01T00:00:01Z"); }, "freeze"},
    {"in its last second", [](Scene &s) { s.claim.now = time("2026-11-30T23:59:59Z"); }, ""},
    {"in the second of its end",
     [](Scene &s) { s.claim.now = time("2026-12-01T00:00:00Z"); },
     "freeze"},
    {"years after", [](Scene &s) { s.claim.now = time("2036-12-01T00:00:00Z"); }, "freeze"},
    {"where the clock has stopped, but a later one was seen",
     [](Scene &s) {
       s.claim.now = time("1970-01-01T00:00:00Z");
       s.marks->issued = time("2026-12-02T00:00:00Z");
       s.manifest.sequence = 18;
       s.manifest.issued = time("2026-12-02T00:00:00Z");
       s.manifest.expires = time("2026-12-03T00:00:00Z");
     },
     ""},
    {"an old one where the clock has stopped",
     [](Scene &s) {
       s.claim.now = time("1970-01-01T00:00:00Z");
       s.marks->issued = time("2026-12-02T00:00:00Z");
     },
     "rollback"},
    {"an old one of a new root where the clock has stopped",
     [](Scene &s) {
       s.claim.now = time("1970-01-01T00:00:00Z");
       s.claim.root = 1;
       s.marks->issued = time("2026-12-02T00:00:00Z");
     },
     "freeze"},
    // Forward, as far as it goes.
    {"the largest number", [](Scene &s) { s.manifest.sequence = verity::largest_number; }, ""},
    {"after the largest number, a good one",
     [](Scene &s) {
       s.marks->sequence = verity::largest_number;
       s.manifest.sequence = 18;
     },
     "rollback"},
    {"after the largest number, a good one of a new root",
     [](Scene &s) {
       s.marks->sequence = verity::largest_number;
       s.claim.root = 1;
       s.manifest.sequence = 18;
     },
     ""},
    // Of a revoked key.
    {"a key that the root does not have any more",
     [](Scene &s) {
       s.claim.keys = {{second_key.public_key()}, 1};
       s.claim.root = 1;
     },
     "unknown signer"},
};

/// A root that one of two keys may change, and its signers.
TrustRoot first_root()
{
  return {.repository = "extensions.example",
          .version = 1,
          .issued = time("2026-11-01T00:00:00Z"),
          .expires = time("2027-11-01T00:00:00Z"),
          .root = {{release_key.public_key(), second_key.public_key()}, 2},
          .release = {{third_key.public_key()}, 1}};
}

struct RootAttack {
  std::string what;
  std::function<void(TrustRoot &)> change;
  std::vector<const SigningKey *> signers;
  std::string name;
};

const std::vector<RootAttack> root_attacks = {
    {"a new release key",
     [](TrustRoot &r) { r.release = {{stranger.public_key()}, 1}; },
     {&release_key, &second_key},
     ""},
    {"a new root key, for which both vouch",
     [](TrustRoot &r) { r.root = {{release_key.public_key(), third_key.public_key()}, 2}; },
     {&release_key, &second_key, &third_key},
     ""},
    {"all root keys new",
     [](TrustRoot &r) { r.root = {{third_key.public_key(), stranger.public_key()}, 2}; },
     {&release_key, &second_key, &third_key, &stranger},
     ""},
    {"nobody signed", [](TrustRoot &) {}, {}, "no signature"},
    {"one signed", [](TrustRoot &) {}, {&release_key}, "threshold"},
    {"one signed twice", [](TrustRoot &) {}, {&release_key, &release_key}, "threshold"},
    {"one and a stranger", [](TrustRoot &) {}, {&release_key, &stranger}, "threshold"},
    {"the release key signed", [](TrustRoot &) {}, {&third_key}, "unknown signer"},
    {"the new keys alone signed",
     [](TrustRoot &r) { r.root = {{third_key.public_key(), stranger.public_key()}, 2}; },
     {&third_key, &stranger},
     "unknown signer"},
    {"the old keys alone signed",
     [](TrustRoot &r) { r.root = {{third_key.public_key(), stranger.public_key()}, 2}; },
     {&release_key, &second_key},
     "its own new keys"},
    {"one of two new keys signed",
     [](TrustRoot &r) { r.root = {{third_key.public_key(), stranger.public_key()}, 2}; },
     {&release_key, &second_key, &third_key},
     "its own new keys"},
    {"a version left out",
     [](TrustRoot &r) { r.version = 3; },
     {&release_key, &second_key},
     "rollback"},
    {"the same version",
     [](TrustRoot &r) { r.version = 1; },
     {&release_key, &second_key},
     "rollback"},
    {"the largest version",
     [](TrustRoot &r) { r.version = verity::largest_number; },
     {&release_key, &second_key},
     "rollback"},
    {"another repository",
     [](TrustRoot &r) { r.repository = "other.example"; },
     {&release_key, &second_key},
     "wrong repository"},
};

} // namespace

TEST_CASE("each attack on a machine that has seen a manifest is refused by its name")
{
  CHECK(attacks.size() + root_attacks.size() > 60);
  for (const Attack &attack : attacks) {
    CAPTURE(attack.what);
    Scene scene;
    REQUIRE(scene.show().empty());
    attack.make(scene);
    const auto before = scene.marks;
    CHECK(scene.show() == attack.name);
    if (!attack.name.empty())
      CHECK(scene.marks == before);
  }
}

TEST_CASE("after each attack the machine takes the next good manifest")
{
  for (const Attack &attack : attacks) {
    if (attack.name.empty())
      continue;
    CAPTURE(attack.what);
    Scene scene;
    REQUIRE(scene.show().empty());
    const auto marks = scene.marks;
    attack.make(scene);
    scene.show();
    Scene next;
    next.marks = marks;
    next.manifest.sequence = 18;
    CHECK(next.show().empty());
  }
}

TEST_CASE("each attack on the change of keys is refused by its name")
{
  for (const RootAttack &attack : root_attacks) {
    CAPTURE(attack.what);
    TrustRoot next = first_root();
    next.version = 2;
    attack.change(next);
    const std::string text = text_of(next);
    std::string signatures;
    for (const SigningKey *signer : attack.signers)
      signatures += sign(*signer, text);
    std::string name;
    try {
      const TrustRoot taken = verity::follow_root(first_root(), text, signatures);
      CHECK(taken == next);
    } catch (const base::Error &error) {
      CHECK(error.kind() == base::Kind::untrusted);
      const std::string what = error.what();
      const std::string reason = what.substr(what.find(": ") + 2);
      name = reason.substr(0, reason.find(':'));
    }
    CHECK(name == attack.name);
  }
}

TEST_CASE("a root with one key under two numbers, or two under one, is none")
{
  TrustRoot root = first_root();
  root.root.keys[1] = root.root.keys[0];
  CHECK_THROWS_WITH_AS(
      text_of(root), doctest::Contains("/root/keys/1: expected no key"), base::Error);
  root.root.keys[1].id.front() ^= std::byte{1};
  CHECK_THROWS_AS(text_of(root), base::Error);
  root = first_root();
  root.root.keys[1].id = root.root.keys[0].id;
  CHECK_THROWS_AS(text_of(root), base::Error);
  root = first_root();
  root.root.threshold = 3;
  CHECK_THROWS_WITH_AS(text_of(root),
                       doctest::Contains("/root/threshold: expected a whole number from 1 to 2"),
                       base::Error);
  CHECK(verity::parse_trust_root(text_of(first_root()), "root.json") == first_root());
}

TEST_CASE("marks are read as they were written")
{
  Scene scene;
  scene.show();
  CHECK(verity::parse_marks(text_of(*scene.marks)) == scene.marks);
  CHECK_FALSE(verity::parse_marks(""));
  CHECK_FALSE(verity::parse_marks("{}"));
  CHECK_FALSE(verity::parse_marks("{\"format\":2}"));
}

namespace {

/// One random change of a text: a bit, a byte, a piece cut out, doubled or swapped.
std::string mutant(const std::string &text, std::mt19937 &random)
{
  const auto at = [&](std::size_t size) {
    return std::uniform_int_distribution<std::size_t>(0, size - 1)(random);
  };
  std::string changed = text;
  const std::size_t place = at(text.size());
  const std::size_t length = 1 + at(std::min<std::size_t>(16, text.size() - place));
  switch (at(5)) {
  case 0:
    changed[place] = static_cast<char>(changed[place] ^ (1 << at(8)));
    break;
  case 1:
    changed[place] = static_cast<char>(at(256));
    break;
  case 2:
    changed.erase(place, length);
    break;
  case 3:
    changed.insert(place, text, place, length);
    break;
  default:
    std::swap(changed[place], changed[at(text.size())]);
  }
  return changed;
}

/// How many mutants; the number that is promised takes minutes.
std::size_t mutant_count()
{
  const char *wanted = std::getenv("STRAKE_MUTANTS");
  return wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 20000;
}

} // namespace

TEST_CASE("no mutant of a signed manifest or root is taken for another")
{
  std::mt19937 random(1);
  const ReleaseManifest manifest = good_manifest();
  const std::string text = text_of(manifest);
  const std::string signature = sign(release_key, text);
  const TrustRoot root = first_root();
  TrustRoot next = root;
  next.version = 2;
  const std::string root_text = text_of(next);
  const std::string root_signatures = sign(release_key, root_text) + sign(second_key, root_text);
  std::size_t same = 0;
  for (std::size_t number = 0; number < mutant_count(); ++number) {
    // Of the signature too, of which a changed remark for people is no other signature.
    const bool of_signature = number % 4 == 0;
    const std::string changed = of_signature ? text : mutant(text, random);
    const std::string changed_signature = of_signature ? mutant(signature, random) : signature;
    const std::string changed_root = of_signature ? root_text : mutant(root_text, random);
    const std::string changed_root_signatures =
        of_signature ? mutant(root_signatures, random) : root_signatures;
    try {
      const auto taken = verity::judge_manifest(
          changed, changed_signature, claim_of(release_key.public_key()), std::nullopt);
      REQUIRE(changed == text);
      REQUIRE(taken.manifest == manifest);
      ++same;
    } catch (const base::Error &error) {
      REQUIRE(error.kind() == base::Kind::untrusted);
    }
    try {
      const TrustRoot taken = verity::follow_root(root, changed_root, changed_root_signatures);
      REQUIRE(taken == next);
      REQUIRE(changed_root == root_text);
    } catch (const base::Error &error) {
      REQUIRE(error.kind() == base::Kind::untrusted);
    }
  }
  MESSAGE(mutant_count(), " mutants of each, of which ", same, " changed nothing that was signed");
}

TEST_SUITE_END();
