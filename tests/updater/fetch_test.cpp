// SPDX-License-Identifier: Apache-2.0
#include "support/loopback_server.hpp"
#include "support/temp_root.hpp"
#include "updater/fetch_setting.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

using base::FetchState;
using base::Kind;
using support::LoopbackServer;
using namespace std::chrono_literals;

namespace updater {

namespace {

const std::string tag = "\"one\"";

base::Fetch from(const LoopbackServer &server, const std::string &path = "/object")
{
  base::Fetch wanted;
  wanted.urls = {server.origin() + path};
  return wanted;
}

base::Fetch resumed(const LoopbackServer &server, std::uint64_t have)
{
  base::Fetch wanted = from(server);
  wanted.have = have;
  wanted.validator = tag;
  return wanted;
}

} // namespace

TEST_SUITE_BEGIN("updater/fetch");

TEST_CASE_FIXTURE(FetchSetting, "an object arrives whole, with what the server said of it")
{
  const LoopbackServer server({LoopbackServer::object("the bytes", tag)});
  const Outcome outcome = get(from(server));
  CHECK(outcome.is(FetchState::complete));
  CHECK(collector.bytes == "the bytes");
  CHECK(outcome.fetched->response.size == 9);
  CHECK(outcome.fetched->response.validator == tag);
  CHECK(outcome.fetched->response.etag == tag);
  CHECK(outcome.fetched->response.url == server.origin() + "/object");
  CHECK(watcher.so_far.back() == 9);
  CHECK(watcher.total == 9);
}

TEST_CASE_FIXTURE(FetchSetting, "a request names strake and asks for no encoding and no range")
{
  const LoopbackServer server({LoopbackServer::object("x", tag)});
  get(from(server, "/a%20b?c=d"));
  const support::Request request = server.requests().at(0);
  CHECK(request.method == "GET");
  CHECK(request.target == "/a%20b?c=d");
  CHECK(request.field("user-agent").starts_with("strake/"));
  CHECK(request.field("accept-encoding").empty());
  CHECK(request.field("range").empty());
  CHECK(request.field("authorization").empty());
}

TEST_CASE_FIXTURE(FetchSetting,
                  "where only the head is asked for, the size is learnt and nothing comes")
{
  const LoopbackServer server({[](const support::Request &, support::Connection &connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
  }});
  base::Fetch wanted = from(server);
  wanted.ask = base::Ask::head;
  const Outcome outcome = get(wanted);
  CHECK(outcome.is(FetchState::complete));
  CHECK(outcome.fetched->response.size == 5'000'000);
  CHECK(collector.begins.empty());
  CHECK(server.requests().at(0).method == "HEAD");
}

TEST_CASE_FIXTURE(FetchSetting, "an empty object begins and is complete")
{
  const LoopbackServer server({LoopbackServer::object("", tag)});
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(collector.begins.size() == 1);
  CHECK(collector.bytes.empty());
}

TEST_CASE_FIXTURE(FetchSetting, "a chunked object without a length is fine")
{
  const LoopbackServer server({LoopbackServer::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                                                   "\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")});
  const Outcome outcome = get(from(server));
  CHECK(outcome.is(FetchState::complete));
  CHECK(!outcome.fetched->response.size);
  CHECK(collector.bytes == "abcde");
}

TEST_CASE_FIXTURE(FetchSetting,
                  "an HTTP/1.0 server that ends the object with the connection is fine")
{
  const LoopbackServer server({LoopbackServer::raw("HTTP/1.0 200 OK\r\n\r\nold bytes")});
  CHECK(get(from(server)).is(FetchState::complete));
  CHECK(collector.bytes == "old bytes");
}

TEST_CASE_FIXTURE(FetchSetting, "an interim answer before the real one is passed over")
{
  const LoopbackServer server(
      {LoopbackServer::raw("HTTP/1.1 103 Early Hints\r\nETag: \"no\"\r\n\r\nHTTP/1.1 200 "
                           "OK\r\nContent-Length: 2\r\n\r\nok")});
  const Outcome outcome = get(from(server));
  CHECK(outcome.is(FetchState::complete));
  CHECK(outcome.fetched->response.etag.empty());
  CHECK(collector.bytes == "ok");
}

TEST_CASE_FIXTURE(FetchSetting, "what is there already is not fetched again")
{
  const LoopbackServer server({LoopbackServer::object("0123456789", tag)});
  const Outcome outcome = get(resumed(server, 4));
  CHECK(outcome.is(FetchState::complete));
  CHECK(outcome.fetched->response.offset == 4);
  CHECK(outcome.fetched->response.size == 10);
  CHECK(collector.bytes == "????456789");
  CHECK(server.requests().at(0).field("range") == "bytes=4-");
  CHECK(server.requests().at(0).field("if-range") == tag);
}

TEST_CASE_FIXTURE(FetchSetting, "bytes of which nothing says what they belong to are fetched again")
{
  const LoopbackServer server({LoopbackServer::object("0123456789", tag)});
  base::Fetch wanted = resumed(server, 4);
  wanted.validator.clear();
  CHECK(get(wanted).is(FetchState::complete));
  CHECK(collector.bytes == "0123456789");
  CHECK(server.requests().at(0).field("range").empty());
}

TEST_CASE_FIXTURE(FetchSetting, "an object that changed since is fetched from its first byte")
{
  const LoopbackServer server({LoopbackServer::object("new bytes", "\"two\"")});
  const Outcome outcome = get(resumed(server, 4));
  CHECK(outcome.is(FetchState::complete));
  CHECK(outcome.fetched->response.offset == 0);
  CHECK(collector.bytes == "new bytes");
}

TEST_CASE_FIXTURE(FetchSetting, "an object of which all bytes are there is complete")
{
  const LoopbackServer server({LoopbackServer::object("0123456789", tag)});
  const Outcome outcome = get(resumed(server, 10));
  CHECK(outcome.is(FetchState::complete));
  CHECK(outcome.fetched->response.offset == 10);
  CHECK(collector.bytes == "??????????");
  CHECK(server.requests().size() == 1);
}

TEST_CASE_FIXTURE(FetchSetting, "an object that did not change is not sent")
{
  const LoopbackServer server({LoopbackServer::object("manifest", tag)});
  base::Fetch wanted = from(server);
  wanted.etag = tag;
  CHECK(get(wanted).is(FetchState::not_modified));
  CHECK(collector.begins.empty());
  wanted.etag = "\"older\"";
  CHECK(get(wanted).is(FetchState::complete));
  CHECK(collector.bytes == "manifest");
}

TEST_CASE_FIXTURE(FetchSetting, "an object that no server has is missing, which is no error")
{
  const LoopbackServer gone({LoopbackServer::reply(410, {}, "gone")});
  const LoopbackServer unknown({LoopbackServer::reply(404, {}, "not here")});
  base::Fetch wanted = from(gone);
  wanted.urls.push_back(unknown.origin() + "/object");
  CHECK(get(wanted).is(FetchState::missing));
  CHECK(collector.begins.empty());
  CHECK(unknown.requests().size() == 1);
}

TEST_CASE_FIXTURE(FetchSetting, "that an object is missing may be one server's word")
{
  const LoopbackServer down({LoopbackServer::reply(503, {}, "")});
  const LoopbackServer without({LoopbackServer::reply(404, {}, "")});
  for (const bool is_down_first : {false, true}) {
    base::Fetch wanted = from(is_down_first ? down : without);
    wanted.urls.push_back((is_down_first ? without : down).origin() + "/object");
    CHECK(get(wanted).failed(Kind::network, "answers 503"));
    const std::size_t before = down.requests().size();
    wanted.absence = base::Absence::by_one;
    CHECK(get(wanted).is(FetchState::missing));
    // Asked all the same, since it may have it; but not again.
    CHECK(down.requests().size() == before + (is_down_first ? 2 : 1));
  }
  const LoopbackServer with({LoopbackServer::object("there", tag)});
  base::Fetch wanted = from(without);
  wanted.urls.push_back(with.origin() + "/object");
  wanted.absence = base::Absence::by_one;
  CHECK(get(wanted).is(FetchState::complete));
  CHECK(collector.bytes == "there");
}

TEST_CASE_FIXTURE(FetchSetting, "many objects come over a few connections, answered in order")
{
  const auto echo = [](const support::Request &request, support::Connection &connection) {
    LoopbackServer::reply(200, {}, "body of " + request.target)(request, connection);
  };
  const LoopbackServer server({echo});
  options.connections_per_host = 3;
  CurlFetcher fetcher(options, clock, watcher);
  std::vector<Collector> collectors(40);
  std::vector<base::Fetch> wanted;
  for (std::size_t index = 0; index < collectors.size(); ++index) {
    wanted.push_back(from(server, "/" + std::to_string(index)));
    wanted.back().receiver = &collectors[index];
  }
  const auto fetched = fetcher.fetch(wanted);
  std::size_t connections = 0;
  for (const support::Request &request : server.requests())
    connections = std::max(connections, request.connection + 1);
  CHECK(connections <= 3);
  for (std::size_t index = 0; index < collectors.size(); ++index) {
    CHECK(collectors[index].bytes == "body of /" + std::to_string(index));
    CHECK(fetched[index].response.url == wanted[index].urls[0]);
  }
}

TEST_CASE_FIXTURE(FetchSetting, "a second fetch uses the connection of the first")
{
  const LoopbackServer server({LoopbackServer::object("x", tag)});
  CurlFetcher fetcher(options, clock, watcher);
  base::Fetch wanted = from(server);
  wanted.receiver = &collector;
  fetcher.fetch({wanted});
  fetcher.fetch({wanted});
  CHECK(server.requests().at(1).connection == 0);
}

TEST_CASE_FIXTURE(FetchSetting, "to fetch nothing is to be done")
{
  CurlFetcher fetcher(options, clock, watcher);
  CHECK(fetcher.fetch({}).empty());
}

TEST_CASE_FIXTURE(FetchSetting, "what a receiver throws leaves unchanged, with the URL around it")
{
  struct Full final : base::Receiver {
    void begin(const base::Response &) override {}

    void receive(base::Bytes) override { base::fail(Kind::no_space, "the slot is full"); }
  };

  const LoopbackServer server({LoopbackServer::object("too much", tag)});
  CurlFetcher fetcher(options, clock, watcher);
  Full full;
  base::Fetch wanted = from(server);
  wanted.receiver = &full;
  try {
    fetcher.fetch({wanted});
    FAIL("nothing was thrown");
  } catch (const base::Error &error) {
    CHECK(error.kind() == Kind::no_space);
    CHECK(error.message() == "the slot is full");
    CHECK(std::string(error.what()).find(server.origin() + "/object") != std::string::npos);
  }
  CHECK(watcher.setbacks.empty());
  wanted.receiver = &collector;
  CHECK(fetcher.fetch({wanted}).size() == 1); // the fetcher is still good
}

TEST_CASE_FIXTURE(FetchSetting, "an observer that throws stops a fetch that would wait for ever")
{
  struct Stopper final : FetchObserver {
    void pulse() override
    {
      if (++pulses == 3)
        base::fail(Kind::busy, "stopped by a signal");
    }

    int pulses = 0;
  };

  const LoopbackServer server({LoopbackServer::raw_then_stall("HTTP/1.1 200 OK\r\n")});
  Stopper stopper;
  CurlFetcher fetcher(options, clock, stopper);
  base::Fetch wanted = from(server);
  wanted.receiver = &collector;
  CHECK_THROWS_WITH_AS(fetcher.fetch({wanted}), "stopped by a signal", base::Error);
}

TEST_CASE_FIXTURE(FetchSetting, "a file URL is a source like any other")
{
  const support::TempRoot root({{"dir/some file", "local bytes"}});
  const std::string url = "file://" + root.path() + "/dir/some%20file";
  CHECK(get(url).is(FetchState::complete));
  CHECK(collector.bytes == "local bytes");
  CHECK(watcher.total == 11);
  CHECK(get(url + "x").is(FetchState::missing));
  CHECK(get("file://" + root.path() + "/dir").failed(Kind::config, "not a regular file"));
  REQUIRE(::mkfifo((root.path() + "/fifo").c_str(), 0600) == 0);
  CHECK(get("file://" + root.path() + "/fifo").failed(Kind::config, "not a regular file"));
}

TEST_CASE_FIXTURE(FetchSetting, "an interrupted copy of a local file begins again")
{
  const support::TempRoot root({{"file", "local bytes"}});
  base::Fetch wanted;
  wanted.urls = {"file://" + root.path() + "/file"};
  wanted.have = 4;
  wanted.validator = tag;
  CHECK(get(wanted).is(FetchState::complete));
  CHECK(collector.bytes == "local bytes");
}

TEST_CASE_FIXTURE(FetchSetting, "of more than is allowed nothing is gone on from")
{
  const LoopbackServer server({LoopbackServer::object("0123456789", tag)});
  base::Fetch wanted = resumed(server, 12);
  wanted.size_limit = 10;
  CHECK(get(wanted).is(FetchState::complete));
  CHECK(collector.bytes == "0123456789");
  CHECK(server.requests().size() == 1);
  wanted = resumed(server, 10);
  wanted.size_limit = 9;
  CHECK(get(wanted).failed(Kind::network, "has 10 bytes, more than the 9 that are allowed"));
  wanted.size_limit = 10; // as much as is allowed is not more
  CHECK(get(wanted).is(FetchState::complete));
  CHECK(collector.begins.back().offset == 10);
}

TEST_CASE_FIXTURE(FetchSetting, "a proxy that is set is asked for everything")
{
  const LoopbackServer proxy({LoopbackServer::object("by proxy", tag)});
  options.proxy = proxy.origin();
  CHECK(get("http://update.example/object").is(FetchState::complete));
  CHECK(collector.bytes == "by proxy");
  CHECK(proxy.requests().at(0).target == "http://update.example/object");
}

TEST_CASE_FIXTURE(FetchSetting, "without a setting, the environment's proxy counts")
{
  const LoopbackServer proxy({LoopbackServer::object("by proxy", tag)});
  options.proxy.reset();
  ::setenv("http_proxy", proxy.origin().c_str(), 1);
  const Outcome outcome = get("http://update.example/object");
  ::unsetenv("http_proxy");
  CHECK(outcome.is(FetchState::complete));
  CHECK(proxy.requests().size() == 1);
}

TEST_SUITE_END();

} // namespace updater
