// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_attempt.hpp"
#include "updater/fetch_mirrors.hpp"

#include <doctest/doctest.h>

using base::Kind;
using namespace std::chrono_literals;

/// The decisions behind a fetch, without a network.
namespace updater {

namespace {

constexpr std::chrono::sys_seconds noon{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1} +
                                        std::chrono::hours(12)};

Head head(int status, std::vector<std::pair<std::string, std::string>> fields = {})
{
  return {status, std::move(fields)};
}

/// The failure in a judgement; fails the test if it is something else.
Failure failure(const Judgement &judgement)
{
  REQUIRE(std::holds_alternative<Failure>(judgement));
  return std::get<Failure>(judgement);
}

base::Response delivered(const Judgement &judgement)
{
  REQUIRE(std::holds_alternative<Deliver>(judgement));
  return std::get<Deliver>(judgement).response;
}

Asked part_from(std::uint64_t from)
{
  return {.from = from, .validator = "\"one\"", .etag = {}, .size_limit = 0};
}

std::string content_range_verdict(const std::string &range)
{
  const Judgement judgement = judge(head(206, {{"content-range", range}}), part_from(5), noon);
  if (std::holds_alternative<Deliver>(judgement))
    return "deliver";
  return std::get<Failure>(judgement).remedy == Remedy::start_over ? "start over" : "refuse";
}

} // namespace

TEST_SUITE_BEGIN("updater/fetch_rules");

TEST_CASE("only the exact part that was asked for is delivered")
{
  CHECK(content_range_verdict("bytes 5-9/10") == "deliver");
  for (const std::string wrong : {"",
                                  "bytes",
                                  "bytes 5-9",
                                  "bytes 5-9/*",
                                  "bytes */10",
                                  "bytes 5-8/10",
                                  "bytes 5-10/10",
                                  "bytes 4-9/10",
                                  "bytes 6-9/10",
                                  "bytes 9-5/10",
                                  "bytes -5-9/10",
                                  "bytes +5-9/10",
                                  "bytes 5-9/10 ",
                                  "bytes  5-9/10",
                                  "items 5-9/10",
                                  "bytes 5-9/0x0a",
                                  "bytes 5-18446744073709551615/18446744073709551616",
                                  "bytes 5-18446744073709551615/0"})
    CHECK_MESSAGE(content_range_verdict(wrong) == "start over", wrong);
}

TEST_CASE("a part keeps the validator that its beginning was fetched under")
{
  const auto response = delivered(judge(
      head(206, {{"content-range", "bytes 5-9/10"}, {"etag", "\"one\""}}), part_from(5), noon));
  CHECK(response.validator == "\"one\"");
  CHECK(response.offset == 5);
  CHECK(response.size == 10);
}

TEST_CASE("a time of change is a validator only if it is long past")
{
  const auto validator = [](const std::string &modified) {
    return delivered(
               judge(head(200,
                          {{"last-modified", modified}, {"date", "Fri, 01 May 2026 12:00:00 GMT"}}),
                     {},
                     noon))
        .validator;
  };
  CHECK(validator("Fri, 01 May 2026 11:59:00 GMT") == "Fri, 01 May 2026 11:59:00 GMT");
  CHECK(validator("Fri, 01 May 2026 11:59:01 GMT").empty());
  CHECK(validator("yesterday or so").empty());
  CHECK(delivered(judge(head(200, {{"last-modified", "Fri, 01 May 2026 11:00:00 GMT"}}), {}, noon))
            .validator.empty());
}

TEST_CASE("a refused range means that all is there only if the object ends where ours does")
{
  const auto judged = [](const std::string &range, const std::string &etag) {
    return judge(head(416, {{"content-range", range}, {"etag", etag}}), part_from(5), noon);
  };
  CHECK(std::holds_alternative<AlreadyWhole>(judged("bytes */5", "\"one\"")));
  CHECK(failure(judged("bytes */5", "\"two\"")).remedy == Remedy::start_over);
  CHECK(failure(judged("bytes */6", "\"one\"")).remedy == Remedy::start_over);
  CHECK(failure(judged("", "\"one\"")).remedy == Remedy::start_over);
}

TEST_CASE("a wish to be asked later is read as seconds or as a date, and never as negative")
{
  const auto wish = [](const std::string &text) {
    return failure(judge(head(503, {{"retry-after", text}}), {}, noon)).retry_after;
  };
  CHECK(wish("120") == 120s);
  CHECK(wish("Fri, 01 May 2026 12:00:30 GMT") == 30s);
  CHECK(wish("Fri, 01 May 2026 11:00:00 GMT") == 0s);
  CHECK(!wish("soon"));
  CHECK(!wish("-5"));
  CHECK(wish("9999999999999999") == 86400s);
}

TEST_CASE("which answers may be better next time, and which will not")
{
  for (const int status : {408, 425, 429, 500, 502, 503, 504, 520, 599})
    CHECK(failure(judge(head(status), {}, noon)).remedy == Remedy::retry);
  for (const int status :
       {201, 204, 300, 305, 400, 401, 402, 403, 405, 407, 451, 501, 505, 511, 600})
    CHECK(failure(judge(head(status), {}, noon)).remedy == Remedy::another_mirror);
}

TEST_CASE("a pause doubles up to its limit, and is never less than half of that")
{
  const TransportOptions options;
  CHECK(back_off(1, 0.0, {}, options) == 500ms);
  CHECK(back_off(1, 1.0, {}, options) == 1000ms);
  CHECK(back_off(3, 0.5, {}, options) == 3000ms);
  CHECK(back_off(7, 1.0, {}, options) == 60s);
  CHECK(back_off(4'000'000'000U, 1.0, {}, options) == 60s);
}

TEST_CASE("a server's wish counts if it is longer than the pause, up to a limit")
{
  const TransportOptions options;
  CHECK(back_off(1, 1.0, 0s, options) == 1000ms);
  CHECK(back_off(1, 1.0, 20s, options) == 20s);
  CHECK(back_off(1, 1.0, 86400s, options) == 300s);
}

TEST_CASE("the mirror that is free soonest is asked, and of those the best")
{
  Mirrors mirrors({"http://a/x", "http://b/x", "http://c/x"});
  Penalties penalties;
  CHECK(mirrors.choose(penalties, 10s)->mirror == 0);
  penalties.block("http://a:80", 30s);
  CHECK(mirrors.choose(penalties, 10s)->mirror == 1);
  penalties.block("http://b:80", 20s);
  penalties.block("http://c:80", 25s);
  CHECK(mirrors.choose(penalties, 10s)->mirror == 1);
  CHECK(mirrors.choose(penalties, 10s)->at == 20s);
  penalties.block("http://b:80", 15s); // a shorter wait does not end a longer one
  CHECK(mirrors.choose(penalties, 10s)->at == 20s);
  mirrors.set_missing(1);
  CHECK(mirrors.choose(penalties, 10s)->mirror == 2);
}

TEST_CASE("a mirror is out after its last retry, or at once if asking again is no use")
{
  Mirrors mirrors({"http://a/x"});
  const Failure passing{Remedy::retry, "down"};
  CHECK(mirrors.set_failed(0, passing, 2) == 1U);
  CHECK(mirrors.set_failed(0, passing, 2) == 2U);
  mirrors.forgive(0);
  CHECK(mirrors.set_failed(0, passing, 2) == 1U);
  CHECK(!mirrors.set_failed(0, {Remedy::another_mirror, "broken"}, 2));
  CHECK(!mirrors.choose({}, 0s));
  CHECK(std::string(mirrors.error().what()) == "cannot fetch http://a/x: broken");
}

TEST_CASE("the origin of a URL is its scheme, host and port, however they are written")
{
  CHECK(Url::parse("HTTP://Example.ORG/x").origin() == "http://example.org:80");
  CHECK(Url::parse("http://user:pass@example.org:80/").origin() == "http://example.org:80");
  CHECK(Url::parse("https://example.org").origin() == "https://example.org:443");
  CHECK(Url::parse("https://[::1]:8443/x").origin() == "https://[::1]:8443");
}

TEST_CASE("a URL is shown without what opens doors")
{
  CHECK(Url::parse("https://user:pass@example.org:8443/a?sig=x#y").shown() ==
        "https://example.org:8443/a?…");
  CHECK(Url::parse("https://example.org/a#y").secret_text() == "https://example.org/a");
  for (const std::string url :
       {"ftp://user:pass@example.org/", "http://user:pass@example.org/a b"}) {
    try {
      Url::parse(url);
      FAIL("nothing was thrown");
    } catch (const base::Error &error) {
      CHECK(error.kind() == Kind::config);
      CHECK(std::string(error.what()).find("pass") == std::string::npos);
      CHECK(std::string(error.what()).find("example.org") != std::string::npos);
    }
  }
}

TEST_CASE("a URL of more than 8 KiB is refused")
{
  CHECK_THROWS_AS(Url::parse("http://a/" + std::string(8192, 'x')), base::Error);
}

TEST_CASE("an object's places are each rule's mirrors, then the place itself, each once")
{
  const std::vector<MirrorRule> rules = {{"http://a/", {"http://m/", "http://a/"}},
                                         {"http://a/x/", {"file:///srv/x/"}}};
  CHECK(places({"http://a/x/y", "http://m/x/y", "http://b/"}, rules) ==
        std::vector<std::string>{"http://m/x/y", "http://a/x/y", "file:///srv/x/y", "http://b/"});
}

TEST_CASE("a head is read in whatever pieces it comes")
{
  HeadReader reader;
  CHECK(reader.add("HTTP/2 200 \r\n") == HeadReader::State::reading);
  CHECK(reader.add("ETag:\t\"x\" \r\nEMPTY:\r\n") == HeadReader::State::reading);
  CHECK(reader.add("\r\n") == HeadReader::State::whole);
  CHECK(reader.add("Trailer: x\r\n") == HeadReader::State::whole);
  CHECK(reader.head().status == 200);
  CHECK(reader.head().one("etag") == "\"x\"");
  CHECK(reader.head().one("empty") == "");
  CHECK(!reader.head().one("trailer"));
}

TEST_CASE("a head with a line that is no field is refused")
{
  for (const std::string &line : {std::string(" folded: x"),
                                  std::string("no colon"),
                                  std::string(": no name"),
                                  std::string("a b: c"),
                                  std::string("a: b\rc"),
                                  std::string("a: b\0c", 6)}) {
    HeadReader reader;
    reader.add("HTTP/1.1 200 OK\r\n");
    CHECK_MESSAGE(reader.add(line + "\r\n") == HeadReader::State::refused, line);
  }
  for (const std::string status : {"HTTP/1.1", "HTTP/1.1 2x0", "HTTP/1.1 099 No", "ICY 200 OK"}) {
    HeadReader reader;
    CHECK_MESSAGE(reader.add(status + "\r\n") == HeadReader::State::refused, status);
  }
}

TEST_SUITE_END();

} // namespace updater
