// SPDX-License-Identifier: Apache-2.0
#include "support/loopback_server.hpp"
#include "updater/fetch_setting.hpp"

#include <doctest/doctest.h>

using base::FetchState;
using base::Kind;
using support::Answer;
using support::LoopbackServer;
using namespace std::chrono_literals;

/// A server that lies, breaks or is slow. Each lie is refused or tried again, and the reason says
/// which lie it was.
namespace updater {

namespace {

const std::string tag = "\"one\"";
const std::string digits = "0123456789";

base::Fetch from(const LoopbackServer &server, std::uint64_t have = 0)
{
  base::Fetch wanted;
  wanted.urls = {server.origin() + "/object"};
  wanted.have = have;
  wanted.validator = have == 0 ? "" : tag;
  return wanted;
}

/// One server with one answer that asking again would not mend.
struct Refused : FetchSetting {
  void check(const Answer &answer, const std::string &why, Kind kind = Kind::network)
  {
    const LoopbackServer server({answer, LoopbackServer::object("second answer", tag)});
    const Outcome outcome = get(from(server));
    INFO(outcome.text());
    CHECK(outcome.failed(kind, why));
    CHECK(outcome.failed(kind, server.origin() + "/object"));
    CHECK(server.requests().size() == 1);
    CHECK(collector.bytes.empty());
  }
};

/// One server with one bad answer, after which it is honest.
struct Mended : FetchSetting {
  void check(const Answer &answer, const std::string &why, std::uint64_t have = 0)
  {
    const LoopbackServer server({answer, LoopbackServer::object(digits, tag)});
    const Outcome outcome = get(from(server, have));
    INFO(outcome.text());
    INFO(watcher.all());
    CHECK(outcome.is(FetchState::complete));
    CHECK(watcher.setbacks.size() == 1);
    CHECK(watcher.all().find(why) != std::string::npos);
    CHECK(collector.bytes == digits);
    CHECK(server.requests().size() == 2);
  }
};

std::string ok(const std::string &fields)
{
  return "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
}

} // namespace

TEST_SUITE_BEGIN("updater/fetch_lies");

// Ranges

TEST_CASE_FIXTURE(Mended, "a part that begins elsewhere is fetched from the first byte instead")
{
  check(LoopbackServer::reply(206, {"Content-Range: bytes 3-9/10", "ETag: " + tag}, "3456789"),
        "bytes 4 to the end were asked for, the answer has 3-9 of 10",
        4);
}

TEST_CASE_FIXTURE(Mended, "a part that ends early is fetched from the first byte instead")
{
  check(LoopbackServer::reply(206, {"Content-Range: bytes 4-7/10", "ETag: " + tag}, "4567"),
        "the answer has 4-7 of 10",
        4);
}

TEST_CASE_FIXTURE(Mended, "a part without Content-Range is fetched from the first byte instead")
{
  check(LoopbackServer::reply(206, {"ETag: " + tag}, "456789"), "does not say which", 4);
}

TEST_CASE_FIXTURE(Mended, "a part of several ranges is fetched from the first byte instead")
{
  check(LoopbackServer::reply(206, {"Content-Type: multipart/byteranges; boundary=x"}, "--x--"),
        "does not say which",
        4);
}

TEST_CASE_FIXTURE(Mended, "a part whose length contradicts its range is fetched again as a whole")
{
  check(LoopbackServer::reply(206, {"Content-Range: bytes 4-9/10", "ETag: " + tag}, "45"),
        "contradict each other",
        4);
}

TEST_CASE_FIXTURE(Mended, "a part of an object that changed is fetched again as a whole")
{
  check(LoopbackServer::reply(206, {"Content-Range: bytes 4-9/10", "ETag: \"two\""}, "456789"),
        "changed while it was fetched",
        4);
}

TEST_CASE_FIXTURE(Mended, "a server that has nothing at our end is asked from the first byte")
{
  check(LoopbackServer::reply(416, {"Content-Range: bytes */3"}, ""), "no bytes where", 4);
}

TEST_CASE_FIXTURE(Refused, "a part although the whole was asked for is refused")
{
  check(LoopbackServer::reply(206, {"Content-Range: bytes 0-9/10"}, digits), "a part (206)");
}

TEST_CASE_FIXTURE(Refused, "a refused range that nobody asked for is refused")
{
  check(LoopbackServer::reply(416, {}, ""), "(416) although none was asked for");
}

TEST_CASE_FIXTURE(FetchSetting, "a whole object as the answer to a range takes the place of all")
{
  const LoopbackServer server({LoopbackServer::reply(200, {"ETag: " + tag}, digits)});
  CHECK(get(from(server, 4)).is(FetchState::complete));
  CHECK(collector.begins.at(0).offset == 0);
  CHECK(collector.bytes == digits);
}

TEST_CASE_FIXTURE(FetchSetting, "a server that never gets ranges right still serves the whole")
{
  const Answer shifted = [](const support::Request &request, support::Connection &connection) {
    if (request.field("range").empty())
      LoopbackServer::reply(200, {"ETag: " + tag}, digits)(request, connection);
    else
      LoopbackServer::reply(206, {"Content-Range: bytes 0-5/6"}, "xxxxxx")(request, connection);
  };
  const LoopbackServer server({shifted});
  options.retry_max = 0;
  CHECK(get(from(server, 4)).is(FetchState::complete));
  CHECK(collector.bytes == digits);
}

// Bodies that break off

TEST_CASE_FIXTURE(FetchSetting, "a body that breaks off is resumed where it broke off")
{
  const LoopbackServer server(
      {LoopbackServer::raw(ok("ETag: " + tag + "\r\nContent-Length: 10\r\n") + "0123"),
       LoopbackServer::object(digits, tag)});
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(collector.bytes == digits);
  CHECK(collector.begins.size() == 2);
  CHECK(server.requests().at(1).field("range") == "bytes=4-");
  CHECK(watcher.setbacks.size() == 1);
}

TEST_CASE_FIXTURE(FetchSetting, "a body that breaks off and changes meanwhile comes as a whole")
{
  const LoopbackServer server(
      {LoopbackServer::raw(ok("ETag: \"zero\"\r\nContent-Length: 10\r\n") + "abcd"),
       LoopbackServer::object(digits, tag)});
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(server.requests().at(1).field("if-range") == "\"zero\"");
  CHECK(collector.bytes == digits);
}

TEST_CASE_FIXTURE(FetchSetting, "a weak ETag does not join two halves")
{
  const LoopbackServer server(
      {LoopbackServer::raw(ok("ETag: W/\"one\"\r\nContent-Length: 10\r\n") + "abcd"),
       LoopbackServer::object(digits, tag)});
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(server.requests().at(1).field("range").empty());
  CHECK(collector.bytes == digits);
}

TEST_CASE_FIXTURE(Mended, "a chunked body that breaks off is tried again")
{
  check(LoopbackServer::raw(ok("Transfer-Encoding: chunked\r\n") + "5\r\n012"), "transfer closed");
}

TEST_CASE_FIXTURE(Mended, "a chunk whose length is no number is tried again")
{
  check(LoopbackServer::raw(ok("Transfer-Encoding: chunked\r\n") + "zz\r\n012\r\n0\r\n\r\n"),
        "chunk");
}

TEST_CASE_FIXTURE(FetchSetting, "a connection that is reset in the middle is tried again")
{
  const LoopbackServer server(
      {LoopbackServer::raw_then_reset(ok("ETag: " + tag + "\r\nContent-Length: 10\r\n") + "0123"),
       LoopbackServer::object(digits, tag)});
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(collector.bytes == digits);
  CHECK(watcher.setbacks.size() == 1);
}

TEST_CASE_FIXTURE(Mended, "a connection that is reset before the answer is tried again")
{
  check(LoopbackServer::raw_then_reset(""), "");
}

TEST_CASE_FIXTURE(Mended, "a connection that ends before the answer is tried again")
{
  check(LoopbackServer::raw(""), "Empty reply");
}

TEST_CASE_FIXTURE(Mended, "a connection that ends within the head is tried again")
{
  check(LoopbackServer::raw("HTTP/1.1 200 OK\r\nContent-Le"), "");
}

TEST_CASE_FIXTURE(FetchSetting, "a server that always breaks off is given up, saying what came")
{
  const LoopbackServer server(
      {LoopbackServer::raw(ok("ETag: " + tag + "\r\nContent-Length: 10\r\n") + "0123")});
  const Outcome outcome = get(from(server));
  CHECK(outcome.failed(Kind::network, "transfer closed"));
  CHECK(server.requests().size() == 3);
  CHECK(watcher.waits.size() == 2);
}

TEST_CASE_FIXTURE(FetchSetting,
                  "a server that breaks off after each mebibyte gets there in the end")
{
  const std::string large(std::size_t{5} << 20U, 'x');
  const Answer cutting = [&](const support::Request &request, support::Connection &connection) {
    const std::string range = request.field("range");
    const std::size_t start = range.empty() ? 0 : std::stoul(range.substr(6));
    const std::string total = std::to_string(large.size());
    const std::string head =
        range.empty() ? "HTTP/1.1 200 OK\r\n"
                      : "HTTP/1.1 206 Part\r\nContent-Range: bytes " + std::to_string(start) + "-" +
                            std::to_string(large.size() - 1) + "/" + total + "\r\n";
    connection.send(head + "ETag: " + tag +
                    "\r\nContent-Length: " + std::to_string(large.size() - start) + "\r\n\r\n" +
                    large.substr(start, std::size_t{1} << 20U));
    connection.close();
  };
  const LoopbackServer server({cutting});
  options.retry_max = 1;
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(collector.bytes == large);
  CHECK(server.requests().size() == 5);
}

// Bodies that are too long

TEST_CASE_FIXTURE(FetchSetting, "what comes after the declared length is never taken for anything")
{
  const LoopbackServer server(
      {LoopbackServer::raw(ok("Content-Length: 4\r\n") + "0123HTTP/1.1 200 OK\r\n"
                                                         "Content-Length: 5\r\n\r\nwrong"),
       LoopbackServer::object(digits, tag)});
  CurlFetcher fetcher(options, clock, watcher);
  Collector first;
  Collector second;
  base::Fetch wanted = from(server);
  wanted.receiver = &first;
  fetcher.fetch({wanted});
  wanted.receiver = &second;
  fetcher.fetch({wanted});
  CHECK(first.bytes == "0123");
  CHECK(second.bytes == digits);
  CHECK(server.requests().at(1).connection == 1);
}

TEST_CASE_FIXTURE(FetchSetting, "an object that says it is too large is refused before it comes")
{
  const LoopbackServer server({LoopbackServer::object(digits, tag)});
  base::Fetch wanted = from(server);
  wanted.size_limit = 9;
  CHECK(get(wanted).failed(Kind::network, "has 10 bytes, more than the 9 that are allowed"));
  CHECK(collector.begins.empty());
  wanted.size_limit = 10;
  CHECK(get(wanted).is(FetchState::complete));
}

TEST_CASE_FIXTURE(FetchSetting, "an object that turns out too large is cut off at its limit")
{
  const LoopbackServer server({LoopbackServer::raw(ok("") + digits)});
  base::Fetch wanted = from(server);
  wanted.size_limit = 9;
  CHECK(get(wanted).failed(Kind::network, "goes on after the 9 bytes"));
  CHECK(collector.bytes.size() <= 9);
  CHECK(server.requests().size() == 1);
}

TEST_CASE_FIXTURE(FetchSetting, "an object without end is cut off at its limit")
{
  const Answer endless = [](const support::Request &, support::Connection &connection) {
    connection.send(ok("Transfer-Encoding: chunked\r\n"));
    for (int chunk = 0; chunk < 1000; ++chunk)
      connection.send("1000\r\n" + std::string(0x1000, 'x') + "\r\n");
    connection.stall();
  };
  const LoopbackServer server({endless});
  base::Fetch wanted = from(server);
  wanted.size_limit = 100'000;
  CHECK(get(wanted).failed(Kind::network, "goes on after the 100000 bytes"));
  CHECK(collector.bytes.size() <= 100'000);
}

TEST_CASE_FIXTURE(FetchSetting, "an endless error page is not read to its end")
{
  const Answer endless = [](const support::Request &, support::Connection &connection) {
    connection.send("HTTP/1.1 404 No\r\n\r\n");
    for (int piece = 0; piece < 1000; ++piece)
      connection.send(std::string(0x1000, 'x'));
    connection.stall();
  };
  const LoopbackServer server({endless});
  CHECK(get(from(server)).is(FetchState::missing));
  CHECK(collector.begins.empty());
}

// Heads

TEST_CASE_FIXTURE(Refused, "an encoding that was not asked for is refused")
{
  check(LoopbackServer::reply(200, {"Content-Encoding: gzip"}, "\x1f\x8b"), "Content-Encoding");
}

TEST_CASE_FIXTURE(Refused, "a transfer encoding other than chunked is refused")
{
  check(LoopbackServer::raw(ok("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n"),
        "Transfer-Encoding other");
}

TEST_CASE_FIXTURE(Refused, "two lengths that differ are refused")
{
  check(LoopbackServer::raw(ok("Content-Length: 4\r\nContent-Length: 5\r\n") + "01234"),
        "two different content-length");
}

TEST_CASE_FIXTURE(Refused, "a length together with chunks is refused")
{
  check(LoopbackServer::raw(ok("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n") +
                            "4\r\n0123\r\n0\r\n\r\n"),
        "chunked and has a Content-Length");
}

TEST_CASE_FIXTURE(Refused, "a length that is no number is refused")
{
  check(LoopbackServer::raw(ok("Content-Length: -4\r\n") + "0123"), "Content-Length");
}

TEST_CASE_FIXTURE(Refused, "a head of more than 64 KiB is refused")
{
  check(LoopbackServer::raw(ok("X: " + std::string(70'000, 'x') + "\r\n")), "larger than 65536");
}

TEST_CASE_FIXTURE(Refused, "a head of more than 100 fields is refused")
{
  std::string fields;
  for (int field = 0; field < 101; ++field)
    fields += "X: y\r\n";
  check(LoopbackServer::raw(ok(fields)), "more than 100 fields");
}

TEST_CASE_FIXTURE(Refused, "interim answers without end are refused")
{
  std::string answers;
  for (int answer = 0; answer < 60; ++answer)
    answers += "HTTP/1.1 102 Wait\r\n\r\n";
  check(LoopbackServer::raw_then_stall(answers), "more than 100 fields");
}

TEST_CASE_FIXTURE(Refused, "a NUL in a head is refused")
{
  check(LoopbackServer::raw(ok(std::string("X: a\0b\r\n", 8))), "ul");
}

TEST_CASE_FIXTURE(Refused, "an answer without any head is refused")
{
  check(LoopbackServer::raw("just bytes, as in HTTP/0.9"), "HTTP/0.9");
}

TEST_CASE_FIXTURE(Refused, "\"nothing changed\" that nobody asked for is refused")
{
  check(LoopbackServer::reply(304, {}, ""), "(304) although nobody asked");
}

// Status

TEST_CASE_FIXTURE(Refused, "a network that wants a login is named as such")
{
  check(LoopbackServer::reply(511, {"Content-Type: text/html"}, "<html>"), "wants a login");
}

TEST_CASE_FIXTURE(Refused, "missing credentials are named as such")
{
  check(LoopbackServer::reply(401, {"WWW-Authenticate: Bearer"}, ""), "refuses access (401)");
}

TEST_CASE_FIXTURE(Refused, "forbidden access is named as such")
{
  check(LoopbackServer::reply(403, {}, ""), "refuses access (403)");
}

TEST_CASE_FIXTURE(Refused, "a proxy that wants credentials is named as such")
{
  check(LoopbackServer::reply(407, {}, ""), "(407)");
}

TEST_CASE_FIXTURE(Refused, "a success that brings no object is refused")
{
  check(LoopbackServer::raw("HTTP/1.1 204 No Content\r\n\r\n"), "answers 204");
}

TEST_CASE_FIXTURE(Refused, "a status that nobody knows is refused")
{
  check(LoopbackServer::reply(999, {}, ""), "answers 999");
}

TEST_CASE_FIXTURE(Mended, "a server error is tried again")
{
  check(LoopbackServer::reply(500, {}, "oops"), "answers 500");
}

TEST_CASE_FIXTURE(FetchSetting, "a server that asks for patience gets as much as it asked for")
{
  const LoopbackServer server(
      {LoopbackServer::reply(503, {"Retry-After: 7"}, ""),
       LoopbackServer::reply(429, {"Retry-After: Fri, 01 May 2026 00:01:07 GMT"}, ""),
       LoopbackServer::object(digits, tag)});
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(clock.sleeps == std::vector<std::chrono::milliseconds>{7s, 60s});
}

TEST_CASE_FIXTURE(FetchSetting, "a server that asks for a year gets five minutes")
{
  const LoopbackServer server({LoopbackServer::reply(503, {"Retry-After: 31536000"}, ""),
                               LoopbackServer::object(digits, tag)});
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(clock.sleeps == std::vector<std::chrono::milliseconds>{300s});
}

TEST_CASE_FIXTURE(FetchSetting, "a server that stays broken is given up after the last retry")
{
  const LoopbackServer server({LoopbackServer::reply(502, {}, "")});
  options.retry_max = 3;
  CHECK(get(from(server)).failed(Kind::network, "answers 502"));
  CHECK(server.requests().size() == 4);
  REQUIRE(clock.sleeps.size() == 3);
  for (std::size_t turn = 0; turn < 3; ++turn) {
    CHECK(clock.sleeps[turn] >= 500ms * (1U << turn));
    CHECK(clock.sleeps[turn] <= 1000ms * (1U << turn));
  }
}

TEST_CASE_FIXTURE(FetchSetting, "nobody waits for a server beyond the deadline")
{
  const LoopbackServer server({LoopbackServer::reply(503, {"Retry-After: 100"}, "")});
  options.retry_max = 100;
  options.deadline = 250s;
  const Outcome outcome = get(from(server));
  CHECK(outcome.failed(Kind::network, "answers 503; given up after 250 seconds"));
  CHECK(server.requests().size() == 3);
}

// Slowness

TEST_CASE_FIXTURE(FetchSetting, "a server that falls silent within the body is left and resumed")
{
  const LoopbackServer server(
      {LoopbackServer::raw_then_stall(ok("ETag: " + tag + "\r\nContent-Length: 10\r\n") + "0123"),
       LoopbackServer::object(digits, tag)});
  options.low_speed_time = 1s;
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(collector.bytes == digits);
  CHECK(watcher.all().find("too slow") != std::string::npos);
  CHECK(server.requests().at(1).field("range") == "bytes=4-");
}

TEST_CASE_FIXTURE(Mended, "a server that never ends its head is left")
{
  options.low_speed_time = 1s;
  check(LoopbackServer::raw_then_stall("HTTP/1.1 200 OK\r\nX-Slow: "), "too slow");
}

TEST_CASE_FIXTURE(FetchSetting, "an attempt ends at the deadline even if bytes keep coming")
{
  const LoopbackServer server({LoopbackServer::raw_then_stall(ok("") + "0123")});
  options.deadline = 1s;
  options.retry_max = 0;
  CHECK(get(from(server)).failed(Kind::network, "timed out"));
}

TEST_CASE_FIXTURE(FetchSetting, "a server that is not there is tried again, then given up")
{
  std::string origin;
  {
    const LoopbackServer server({LoopbackServer::raw("")});
    origin = server.origin();
  }
  CHECK(get(origin + "/object").failed(Kind::network, "onnect"));
  CHECK(watcher.setbacks.size() == 2);
}

TEST_SUITE_END();

} // namespace updater
