// SPDX-License-Identifier: Apache-2.0
#include "bakery/signing_key.hpp"
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "base/program.hpp"
#include "support/temp_root.hpp"
#include "support/thrown.hpp"
#include "verity/base64.hpp"

#include <doctest/doctest.h>

#include <span>

TEST_SUITE_BEGIN("bakery/signing_key");

using bakery::SigningKey;
using base::Kind;
using support::kind_of;

namespace {

const std::string content = "what is signed\n";

std::string signature_of(const SigningKey &key)
{
  return key.sign(std::as_bytes(std::span(content)), "who and when");
}

base::Finished minisign(std::vector<std::string> arguments)
{
  arguments.insert(arguments.begin(), "minisign");
  base::ProcessRunner programs;
  return programs.run({.argv = std::move(arguments)});
}

} // namespace

TEST_CASE("minisign verifies what our keys sign")
{
  const support::TempRoot root{{"content", content}};
  base::LinuxSys sys;
  const SigningKey key = SigningKey::generate();
  bakery::write_key_pair(sys, root.dir(), "own", key, std::nullopt);
  root.write("content.minisig", signature_of(key));
  const base::Finished done =
      minisign({"-V", "-p", root.path() + "/own.pub", "-m", root.path() + "/content"});
  CHECK_MESSAGE(done.status == 0, done.errors);
  CHECK(done.output.find("Trusted comment: who and when") != std::string::npos);
}

TEST_CASE("minisign signs with our secret keys, and we with those of minisign")
{
  const support::TempRoot root{{"content", content}};
  base::LinuxSys sys;
  bakery::write_key_pair(sys, root.dir(), "own", SigningKey::generate(), std::nullopt);
  const base::Finished done =
      minisign({"-S", "-s", root.path() + "/own.key", "-m", root.path() + "/content"});
  REQUIRE_MESSAGE(done.status == 0, done.errors);
  CHECK(minisign({"-V", "-p", root.path() + "/own.pub", "-m", root.path() + "/content"}).status ==
        0);

  REQUIRE(
      minisign({"-G", "-W", "-p", root.path() + "/theirs.pub", "-s", root.path() + "/theirs.key"})
          .status == 0);
  const SigningKey theirs = SigningKey::parse(root.read("theirs.key"), "theirs.key", std::nullopt);
  CHECK(verity::file_text(theirs.public_key()) == root.read("theirs.pub"));
  root.write("content.minisig", signature_of(theirs));
  CHECK(
      minisign({"-V", "-p", root.path() + "/theirs.pub", "-m", root.path() + "/content"}).status ==
      0);
}

TEST_CASE("a secret key is read as it was written, with its password only")
{
  const SigningKey key = SigningKey::generate();
  const std::string plain = key.file_text(std::nullopt);
  CHECK(SigningKey::parse(plain, "key", std::nullopt).public_key() == key.public_key());
  CHECK(SigningKey::parse(plain, "key", std::nullopt).file_text(std::nullopt) == plain);

  const std::string encrypted = key.file_text("secret");
  CHECK(SigningKey::parse(encrypted, "key", "secret").public_key() == key.public_key());
  CHECK(kind_of([&] { SigningKey::parse(encrypted, "key", "Secret"); }) == Kind::untrusted);
  CHECK(kind_of([&] { SigningKey::parse(encrypted, "key", std::nullopt); }) == Kind::untrusted);
  CHECK(key.file_text("secret") != encrypted); // salted
}

TEST_CASE("what is no secret key is refused")
{
  const std::string text = SigningKey::generate().file_text(std::nullopt);
  const auto kind = [](const std::string &what) {
    return kind_of([&] { SigningKey::parse(what, "key", "x"); });
  };
  CHECK(kind("") == Kind::config);
  CHECK(kind("untrusted comment: x\n") == Kind::config);
  CHECK(kind(text.substr(text.find('\n') + 1)) == Kind::config);
  CHECK(kind(text.substr(0, text.size() - 10)) == Kind::config);
  const std::size_t line = text.find('\n') + 1;
  std::string raw = verity::decode_base64(text.substr(line, text.size() - line - 1)).value();
  raw[100] = static_cast<char>(raw[100] ^ 1); // of the key itself
  const std::string head = text.substr(0, line);
  CHECK(kind(head + verity::encode_base64(raw)) == Kind::config);
  raw[2] = 'S'; // encrypted, with
  raw[3] = 'c';
  raw[53] = 'x'; // more memory than there is
  CHECK(kind(head + verity::encode_base64(raw)) == Kind::config);
}

TEST_CASE("a key pair is for its owner, and never written over")
{
  const support::TempRoot root;
  base::LinuxSys sys;
  const SigningKey key = SigningKey::generate();
  bakery::write_key_pair(sys, root.dir(), "own", key, std::nullopt);
  CHECK((root.dir().status("own.key")->st_mode & 07777U) == 0600);
  const std::string before = root.read("own.key");
  CHECK(kind_of([&] {
          bakery::write_key_pair(sys, root.dir(), "own", SigningKey::generate(), std::nullopt);
        }) == Kind::usage);
  CHECK(root.read("own.key") == before);
}

TEST_SUITE_END();
