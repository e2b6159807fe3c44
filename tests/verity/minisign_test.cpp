// SPDX-License-Identifier: Apache-2.0
#include "base/program.hpp"
#include "support/temp_root.hpp"
#include "verity/minisign.hpp"

#include <doctest/doctest.h>

#include <span>

TEST_SUITE_BEGIN("verity/minisign");

using verity::MinisignKey;
using verity::MinisignReading;

namespace {

/// A key of the real minisign, and what it signs.
class Minisign {
public:
  Minisign()
  {
    run({"-G", "-W", "-p", path("key.pub"), "-s", path("key.key")});
    key = verity::parse_minisign_key(root.read("key.pub")).value();
  }

  enum class Comment { ours, its_own };

  std::string sign(const std::string &content,
                   const std::vector<std::string> &more = {},
                   Comment comment = Comment::ours)
  {
    root.write("content", content);
    std::vector<std::string> arguments = {"-S", "-s", path("key.key"), "-m", path("content")};
    if (comment == Comment::ours)
      arguments.insert(arguments.end(), {"-t", "who and when"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    run(arguments);
    return root.read("content.minisig");
  }

  MinisignKey key;
  support::TempRoot root;

private:
  [[nodiscard]] std::string path(const std::string &name) const { return root.path() + "/" + name; }

  static void run(std::vector<std::string> arguments)
  {
    arguments.insert(arguments.begin(), "minisign");
    base::ProcessRunner programs;
    const base::Finished done = programs.run({.argv = std::move(arguments)});
    REQUIRE_MESSAGE(done.status == 0, done.errors);
  }
};

std::string refusal(const std::string &text, const MinisignKey &key, const std::string &content)
{
  const MinisignReading reading = verity::parse_minisign(text);
  if (!reading.signature)
    return reading.refusal;
  return verity::refusal_of(
             *reading.signature, key, verity::minisign_digest(std::as_bytes(std::span(content))))
      .value_or("");
}

} // namespace

TEST_CASE("what minisign signs is accepted, and nothing else")
{
  Minisign minisign;
  const std::string text = minisign.sign("content");
  CHECK(refusal(text, minisign.key, "content").empty());
  CHECK(verity::parse_minisign(text).signature->trusted_comment == "who and when");
  CHECK(refusal(text, minisign.key, "content.") == "does not fit the content");
  CHECK(refusal(text, minisign.key, "") == "does not fit the content");

  std::string changed = text;
  changed.replace(changed.find("who"), 3, "me ");
  CHECK(refusal(changed, minisign.key, "content") == "does not fit its comment");

  MinisignKey other = minisign.key;
  other.key.front() ^= std::byte{1};
  CHECK(refusal(text, other, "content") == "does not fit the content");
  other = Minisign().key;
  CHECK(refusal(text, other, "content") == "is of key " + verity::text_of(minisign.key.id) +
                                               ", and not of " + verity::text_of(other.id));
}

TEST_CASE("the comment that minisign writes by itself, with tabs in it, is taken")
{
  Minisign minisign;
  const std::string text = minisign.sign("content", {}, Minisign::Comment::its_own);
  REQUIRE(text.find("\tfile:content") != std::string::npos);
  CHECK(refusal(text, minisign.key, "content").empty());
}

TEST_CASE("no bit of a signature can be another one")
{
  Minisign minisign;
  const std::string text = minisign.sign("content");
  const std::size_t signed_from = text.find('\n') + 1; // the first line is a remark for people
  for (std::size_t at = signed_from; at < text.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      CAPTURE(at);
      CAPTURE(bit);
      // A final line end is no part of the format.
      if (at + 1 < text.size())
        CHECK_FALSE(refusal(changed, minisign.key, "content").empty());
    }
}

TEST_CASE("a public key is written as minisign does")
{
  Minisign minisign;
  const std::string text = minisign.root.read("key.pub");
  CHECK(verity::file_text(minisign.key) == text);
  CHECK(verity::parse_minisign_key(verity::encoded(minisign.key)) == minisign.key);
  CHECK_FALSE(verity::parse_minisign_key(""));
  CHECK_FALSE(verity::parse_minisign_key("untrusted comment: x\n"));
  CHECK_FALSE(verity::parse_minisign_key(text + "more\n"));
  CHECK_FALSE(verity::parse_minisign_key("comment\n" + verity::encoded(minisign.key)));
  CHECK_FALSE(verity::parse_minisign_key(minisign.root.read("key.key")));
}

TEST_CASE("what is in another format is refused with the reason")
{
  Minisign minisign;
  const std::string text = minisign.sign("content");
  const auto refused = [](const std::string &what) { return verity::parse_minisign(what).refusal; };
  CHECK(refused(minisign.sign("content", {"-l"})) ==
        "is in minisign's legacy format; sign with minisign 0.10 or newer");
  CHECK(refused("") == "is not in the format of minisign");
  CHECK(refused("<html>") == "is not in the format of minisign");
  CHECK(refused(text + text) == "is not in the format of minisign");
  CHECK(refused(text + std::string(verity::minisign_limit, 'x')).starts_with("has "));
  std::string controls = text;
  controls.replace(controls.find("who"), 3, "\x1b[m");
  CHECK(refused(controls) == "has a comment with control characters");
}

TEST_SUITE_END();
