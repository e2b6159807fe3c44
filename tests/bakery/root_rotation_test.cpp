// SPDX-License-Identifier: Apache-2.0
#include "bakery/root_rotation.hpp"
#include "base/error.hpp"
#include "support/test_host.hpp"
#include "support/thrown.hpp"

#include <doctest/doctest.h>

#include <functional>

TEST_SUITE_BEGIN("bakery/root_rotation");

using bakery::RootChange;
using bakery::Rotation;
using bakery::SigningKey;
using base::Kind;
using support::kind_of;
using verity::TrustRoot;

namespace {

const SigningKey first = SigningKey::generate();
const SigningKey second = SigningKey::generate();
const SigningKey third = SigningKey::generate();
const SigningKey release = SigningKey::generate();
const SigningKey next_release = SigningKey::generate();

/// Two people of whom both have to sign, and one who publishes.
RootChange first_change()
{
  return {.repository = "extensions.example",
          .root_keys = {first.public_key(), second.public_key()},
          .release_keys = {release.public_key()},
          .threshold = 2};
}

RootChange another_release_key()
{
  return {.release_keys = {next_release.public_key()}, .retired = {release.public_key()}};
}

/// A directory of roots, at /keys.
struct Keys {
  support::TestHost machine;

  Keys()
  {
    machine.clock.time = std::chrono::sys_days(std::chrono::year{2026} / 5 / 1);
    machine.root.write("keys/README", "");
  }

  Rotation rotate(const RootChange &change,
                  const SigningKey *key,
                  bakery::RotationDoing doing = bakery::RotationDoing::perform) const
  {
    return bakery::rotate(
        machine.host,
        {.directory = machine.root.path() + "/keys", .change = change, .key = key, .doing = doing});
  }

  [[nodiscard]] bool has(const std::string &file) const
  {
    return machine.root.dir().status("keys/" + file).has_value();
  }

  [[nodiscard]] std::string text(const std::string &file) const
  {
    return machine.root.read("keys/" + file);
  }

  /// Both sign the first version.
  void begin() const
  {
    rotate(first_change(), &first);
    REQUIRE(rotate({}, &second).missing.empty());
  }
};

} // namespace

TEST_CASE("a version is in force once enough people have signed it, and not to be seen before")
{
  const Keys keys;
  const Rotation begun = keys.rotate(first_change(), nullptr);
  CHECK(begun.missing == "no signature: nobody signed it");
  CHECK(keys.rotate({}, &first).missing.starts_with("threshold: 1 of the keys"));
  CHECK(keys.rotate({}, &first).missing.starts_with("threshold: 1 of the keys")); // once more
  CHECK(keys.has("next.root.json"));
  CHECK_FALSE(keys.has("1.root.json"));
  CHECK(keys.rotate({}, &second).missing.empty());
  CHECK_FALSE(keys.has("next.root.json"));
  CHECK_FALSE(keys.has("next.root.json.minisig"));
  CHECK(keys.text("root.json") == keys.text("1.root.json"));
  CHECK(keys.text("root.json.minisig") == keys.text("1.root.json.minisig"));
  CHECK(verity::parse_trust_root(keys.text("root.json"), "root.json") == begun.root);
}

TEST_CASE("machines follow each version to the next")
{
  const Keys keys;
  keys.begin();
  keys.rotate(another_release_key(), &first);
  keys.rotate({}, &second);
  TrustRoot root = verity::parse_trust_root(keys.text("1.root.json"), "1.root.json");
  root = verity::follow_root(root, keys.text("2.root.json"), keys.text("2.root.json.minisig"));
  CHECK(root.version == 2);
  CHECK(root.release.keys == std::vector{next_release.public_key()});

  // Somebody goes: who stays and who goes sign, and so does who comes.
  keys.rotate({.root_keys = {third.public_key()}, .retired = {second.public_key()}}, &first);
  CHECK(keys.rotate({}, &third).missing.starts_with("threshold: 1 of the keys"));
  CHECK(keys.rotate({}, &second).missing.empty());
  root = verity::follow_root(root, keys.text("3.root.json"), keys.text("3.root.json.minisig"));
  CHECK(root.root.keys == std::vector{first.public_key(), third.public_key()});
  CHECK(keys.text("root.json") == keys.text("3.root.json"));
}

TEST_CASE("people sign on machines of their own, and their signatures are put one after the other")
{
  const Keys keys;
  keys.rotate(first_change(), nullptr);
  const Keys elsewhere;
  elsewhere.machine.root.write("keys/next.root.json", keys.text("next.root.json"));
  elsewhere.rotate({}, &second);
  keys.rotate({}, &first);
  keys.machine.root.write("keys/next.root.json.minisig",
                          keys.text("next.root.json.minisig") +
                              elsewhere.text("next.root.json.minisig"));
  CHECK(keys.rotate({}, nullptr).missing.empty());
  CHECK(keys.has("1.root.json"));
}

TEST_CASE("telling what would be changes nothing")
{
  const Keys keys;
  const auto tell = bakery::RotationDoing::tell;
  CHECK(keys.rotate(first_change(), &first, tell).missing.starts_with("threshold"));
  CHECK_FALSE(keys.has("next.root.json"));
  keys.rotate(first_change(), &first);
  CHECK(keys.rotate({}, &second, tell).missing.empty());
  CHECK_FALSE(keys.has("1.root.json"));
}

TEST_CASE("a new version only says that it holds for longer, if that is all")
{
  const Keys keys;
  keys.begin();
  const Rotation made = keys.rotate({.valid_for = std::chrono::hours(24 * 30)}, &first);
  CHECK(made.before->root == made.root.root);
  CHECK(made.root.expires == made.root.issued + std::chrono::hours(24 * 30));
}

TEST_CASE("a change that makes no sense is refused before anything is signed")
{
  const std::vector<std::pair<std::string, RootChange>> wrong = {
      {"nothing", {}},
      {"another repository", {.repository = "other.example"}},
      {"a key that is there", {.root_keys = {first.public_key()}}},
      {"a key that is not there", {.retired = {third.public_key()}}},
      {"too few keys for the threshold", {.retired = {second.public_key()}}},
      {"a threshold that nobody can meet", {.threshold = 3}},
      {"no threshold", {.threshold = 0}},
      {"no release key", {.retired = {release.public_key()}}},
      {"no root key", {.retired = {first.public_key(), second.public_key()}, .threshold = 1}}};
  const Keys keys;
  keys.begin();
  for (const auto &[what, change] : wrong) {
    CAPTURE(what);
    CHECK(kind_of([&] { keys.rotate(change, &first); }) == Kind::usage);
    CHECK_FALSE(keys.has("next.root.json"));
  }
  const std::vector<std::pair<std::string, std::function<void(RootChange &)>>> wrong_first = {
      {"no name", [](RootChange &change) { change.repository.clear(); }},
      {"a name that is none", [](RootChange &change) { change.repository = "../x"; }},
      {"several keys, and no threshold", [](RootChange &change) { change.threshold.reset(); }},
      {"no release key", [](RootChange &change) { change.release_keys.clear(); }}};
  const Keys none;
  for (const auto &[what, spoil] : wrong_first) {
    CAPTURE(what);
    RootChange change = first_change();
    spoil(change);
    CHECK(kind_of([&] { none.rotate(change, &first); }) == Kind::usage);
    CHECK_FALSE(none.has("next.root.json"));
  }
}

TEST_CASE("who has no say does not sign, and while one change waits there is no other")
{
  const Keys keys;
  keys.begin();
  CHECK(kind_of([&] { keys.rotate(another_release_key(), &release); }) == Kind::usage);
  keys.rotate(another_release_key(), &first);
  CHECK(kind_of([&] { keys.rotate({.threshold = 1}, &second); }) == Kind::usage);
  CHECK(kind_of([&] { keys.rotate({}, &third); }) == Kind::usage);
}

TEST_CASE("what does not follow on the version before is signed by nobody")
{
  const Keys keys;
  keys.begin();
  TrustRoot other = verity::parse_trust_root(keys.text("root.json"), "root.json");
  other.version = 3;
  keys.machine.root.write("keys/next.root.json", text_of(other));
  CHECK(kind_of([&] { keys.rotate({}, &first); }) == Kind::untrusted);
  other.version = 2;
  other.repository = "other.example";
  keys.machine.root.write("keys/next.root.json", text_of(other));
  CHECK(kind_of([&] { keys.rotate({}, &first); }) == Kind::untrusted);

  // Somebody wrote over a version that was in force.
  const Keys changed;
  changed.begin();
  TrustRoot stolen = verity::parse_trust_root(changed.text("root.json"), "root.json");
  stolen.release.keys = {third.public_key()};
  changed.machine.root.write("keys/1.root.json", text_of(stolen));
  CHECK(kind_of([&] { changed.rotate(another_release_key(), &first); }) == Kind::untrusted);
}

TEST_CASE("a change that was cut while it was put in force is put in force by the next call")
{
  const Keys keys;
  keys.begin();
  keys.rotate(another_release_key(), &first);
  const std::string draft = keys.text("next.root.json");
  keys.rotate({}, &second);
  const std::string signatures = keys.text("2.root.json.minisig");
  // 2.root.json was there, and its copies were not.
  keys.machine.root.write("keys/next.root.json", draft);
  keys.machine.root.write("keys/next.root.json.minisig", signatures);
  keys.machine.root.write("keys/root.json", keys.text("1.root.json"));
  CHECK(kind_of([&] { keys.rotate({}, nullptr); }) == Kind::usage); // there is no more to do
  CHECK_FALSE(keys.has("next.root.json"));
  CHECK(keys.text("root.json") == draft);
  CHECK(keys.text("root.json.minisig") == signatures);
}

TEST_SUITE_END();
