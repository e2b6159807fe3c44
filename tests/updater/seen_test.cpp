// SPDX-License-Identifier: Apache-2.0
#include "support/test_host.hpp"
#include "updater/seen.hpp"

#include <doctest/doctest.h>

#include <filesystem>

TEST_SUITE_BEGIN("updater/seen");

using updater::judge_offer;
using updater::mark_of;
using updater::Offer;
using updater::OfferedFile;

namespace {

OfferedFile file(const std::string &version, char hash = 'a')
{
  return {version, "os_" + version + ".raw", *verity::parse_sha256(std::string(64, hash))};
}

std::optional<std::chrono::sys_seconds> at(int seconds)
{
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

constexpr int day = 86'400;

} // namespace

TEST_CASE("the first offer of a source is accepted, even an empty one")
{
  CHECK(judge_offer(std::nullopt, {{file("7")}, at(1)}).accepted);
  CHECK(judge_offer(std::nullopt, {}).accepted);
}

TEST_CASE("the same offer again and one with a newer version are accepted without a word")
{
  const Offer first{{file("7"), file("8")}, at(day)};
  for (const Offer &next : {first, Offer{{file("8"), file("9")}, at(2 * day)}}) {
    const updater::OfferVerdict verdict = judge_offer(mark_of(first), next);
    CHECK(verdict.accepted);
    CHECK(verdict.notices.empty());
  }
}

TEST_CASE("older versions may go without a word")
{
  const Offer first{{file("6"), file("7"), file("8")}, std::nullopt};
  const updater::OfferVerdict verdict = judge_offer(mark_of(first), {{file("8")}, std::nullopt});
  CHECK(verdict.accepted);
  CHECK(verdict.notices.empty());
}

TEST_CASE("a manifest signed before the one seen is a rollback, whatever it lists")
{
  const Offer first{{file("7"), file("8")}, at(10 * day)};
  const updater::OfferVerdict verdict =
      judge_offer(mark_of(first), {{file("7"), file("8"), file("9")}, at(9 * day)});
  CHECK_FALSE(verdict.accepted);
  CHECK(verdict.why == "rollback: it shows a manifest that was signed on 1970-01-10, and one "
                       "signed on 1970-01-11 was seen before");
}

TEST_CASE("the newest version missing is a rollback, unless that was signed later")
{
  for (const auto &when : {std::optional<std::chrono::sys_seconds>(), at(day)}) {
    const Offer first{{file("7"), file("8")}, when};
    const updater::OfferVerdict verdict = judge_offer(mark_of(first), {{file("7")}, when});
    CHECK_FALSE(verdict.accepted);
    CHECK(verdict.why == "rollback: it no longer shows version 8, which was seen there before");
    CHECK_FALSE(judge_offer(mark_of(first), {{}, when}).accepted);
    CHECK_FALSE(judge_offer(mark_of(first), {{file("9")}, when}).accepted);
  }
  const Offer first{{file("7"), file("8")}, at(day)};
  const updater::OfferVerdict withdrawn = judge_offer(mark_of(first), {{file("7")}, at(day + 1)});
  CHECK(withdrawn.accepted);
  CHECK(withdrawn.notices == std::vector<std::string>{"version 8 was taken back by its publisher"});
}

TEST_CASE("versions that are written differently but equal are the same version")
{
  CHECK(judge_offer(mark_of({{file("08")}, std::nullopt}), {{file("8")}, std::nullopt}).accepted);
}

TEST_CASE("the newest version is found by the order of versions and not by that of letters")
{
  CHECK(mark_of({{file("9"), file("10"), file("10~rc1")}, std::nullopt}).newest == "10");
}

TEST_CASE("a source that was signed may not become one that is not")
{
  const Offer first{{file("8")}, at(day)};
  CHECK_FALSE(judge_offer(mark_of(first), {{file("8")}, std::nullopt}).accepted);
  const Offer unsigned_first{{file("8")}, std::nullopt};
  CHECK(judge_offer(mark_of(unsigned_first), {{file("8")}, at(day)}).accepted);
}

TEST_CASE("new content under the newest version's name is accepted with a notice")
{
  const Offer first{{file("8", 'a')}, at(day)};
  const updater::OfferVerdict verdict =
      judge_offer(mark_of(first), {{file("8", 'b')}, at(2 * day)});
  CHECK(verdict.accepted);
  CHECK(verdict.notices ==
        std::vector<std::string>{"os_8.raw was published again with other content"});
}

TEST_CASE("what is remembered is read back, per source, and can be forgotten")
{
  support::TestHost machine;
  const updater::Seen seen = mark_of({{file("7"), file("8")}, at(day)});
  CHECK_FALSE(updater::read_seen(machine.host, "https://a.test/os"));
  updater::remember_seen(machine.host, "https://a.test/os", seen);
  CHECK(updater::read_seen(machine.host, "https://a.test/os") == seen);
  CHECK_FALSE(updater::read_seen(machine.host, "https://b.test/os"));
  std::filesystem::remove(updater::seen_path(machine.host, "https://a.test/os"));
  CHECK_FALSE(updater::read_seen(machine.host, "https://a.test/os"));
}

TEST_CASE("a mark of an unsigned source is read back as such")
{
  support::TestHost machine;
  const updater::Seen seen = mark_of({{file("8")}, std::nullopt});
  updater::remember_seen(machine.host, "s", seen);
  CHECK(updater::read_seen(machine.host, "s") == seen);
  const updater::Seen none = mark_of({});
  updater::remember_seen(machine.host, "s", none);
  CHECK(updater::read_seen(machine.host, "s") == none);
}

TEST_CASE("an unchanged mark is not written again")
{
  support::TestHost machine;
  const updater::Seen seen = mark_of({{file("8")}, at(day)});
  updater::remember_seen(machine.host, "s", seen);
  const base::Dir marks = machine.root.dir().dir("var/lib/strake/seen");
  const std::string name = marks.entries().front().name;
  const ino_t before = marks.status(name)->st_ino;
  updater::remember_seen(machine.host, "s", seen);
  CHECK(marks.status(name)->st_ino == before);
}

TEST_CASE("a damaged mark counts as none and is said")
{
  support::TestHost machine;
  updater::remember_seen(machine.host, "s", mark_of({{file("8")}, at(day)}));
  const std::string path =
      "var/lib/strake/seen/" + machine.root.dir().dir("var/lib/strake/seen").entries().front().name;
  const std::string good = machine.root.read(path);
  std::size_t expected = 0;
  for (const std::string &text : {std::string(),
                                  std::string("{}"),
                                  std::string("[1]"),
                                  std::string(4096, '\xff'),
                                  good.substr(0, good.size() / 2),
                                  std::string(R"({"format":2,"newest":"8","files":[]})"),
                                  std::string(R"({"format":1,"newest":8,"files":[]})"),
                                  std::string(R"({"format":1,"newest":"8","files":[{}]})")}) {
    machine.root.write(path, text);
    CHECK_FALSE(updater::read_seen(machine.host, "s"));
    CHECK(machine.said.size() == ++expected);
  }
}
