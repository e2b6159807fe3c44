// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.hpp"
#include "support/loopback_server.hpp"
#include "support/nginx_server.hpp"
#include "updater/fetch_service_setting.hpp"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

using base::FetchState;
using base::Kind;
using support::LoopbackServer;

/// Fetches by another process are as those in this one.
namespace updater {

namespace {

const std::string tag = "\"one\"";

base::Fetch from(const std::string &url)
{
  base::Fetch wanted;
  wanted.urls = {url};
  return wanted;
}

base::Fetch from(const LoopbackServer &server)
{
  return from(server.origin() + "/object");
}

std::size_t count_connections(const std::string &log)
{
  std::set<std::string> connections;
  std::istringstream lines(log);
  for (std::string connection, rest; lines >> connection && std::getline(lines, rest);)
    connections.insert(connection);
  return connections.size();
}

} // namespace

TEST_SUITE_BEGIN("updater/remote_fetch");

TEST_CASE_FIXTURE(RemoteSetting, "many objects come through the service, answered in order")
{
  support::NginxServer server;
  const FetchSocket socket;
  options.connections_per_host = 2;
  auto fetcher = through(socket);
  std::vector<Collector> collectors(30);
  std::vector<base::Fetch> wanted;
  for (std::size_t index = 0; index < collectors.size(); ++index) {
    server.put(std::to_string(index), std::string(50'000 * index, static_cast<char>('a' + index)));
    wanted.push_back(from(server.origin() + "/" + std::to_string(index)));
    wanted.back().receiver = &collectors[index];
  }
  for (int round = 0; round < 2; ++round) {
    const auto fetched = fetcher->fetch(wanted);
    for (std::size_t index = 0; index < collectors.size(); ++index) {
      const bool is_same =
          collectors[index].bytes == std::string(50'000 * index, static_cast<char>('a' + index));
      CHECK_MESSAGE(is_same, "object " << index);
      CHECK(fetched[index].response.url == wanted[index].urls[0]);
      CHECK(fetched[index].response.size == 50'000 * index);
    }
  }
  CHECK(watcher.so_far.back() == watcher.total);
  fetcher.reset();
  CHECK(count_connections(server.finish()) <= 2); // kept from the first round to the second
}

TEST_CASE_FIXTURE(RemoteSetting, "to fetch nothing is to be done, without any service")
{
  RemoteFetcher fetcher("/nowhere", Servers{options, {}}, watcher);
  CHECK(fetcher.fetch({}).empty());
}

TEST_CASE_FIXTURE(RemoteSetting, "what is there already is asked for as here")
{
  const FetchSocket socket;
  const LoopbackServer server({LoopbackServer::object("0123456789", tag)});
  base::Fetch wanted = from(server);
  wanted.have = 4;
  wanted.validator = tag;
  CHECK(get_through(socket, wanted).is(FetchState::complete));
  CHECK(collector.bytes == "????456789");
  CHECK(collector.begins.at(0).offset == 4);
  CHECK(server.requests().at(0).field("range") == "bytes=4-");
  wanted.have = 12;
  wanted.size_limit = 10;
  CHECK(get_through(socket, wanted).is(FetchState::complete));
  CHECK(collector.bytes == "0123456789");
  CHECK(server.requests().size() == 2);
  wanted = from(server);
  wanted.etag = tag;
  CHECK(get_through(socket, wanted).is(FetchState::not_modified));
  wanted = from(server);
  wanted.ask = base::Ask::head;
  const Outcome head = get_through(socket, wanted);
  CHECK(head.is(FetchState::complete));
  CHECK(head.fetched->response.size == 10);
  CHECK(head.fetched->response.etag == tag);
  CHECK(server.requests().at(3).method == "HEAD");
}

TEST_CASE_FIXTURE(RemoteSetting, "a cut is mended behind the service, and the receiver told")
{
  const FetchSocket socket;
  const LoopbackServer server({LoopbackServer::raw_then_reset("HTTP/1.1 200 OK\r\nETag: " + tag +
                                                              "\r\nContent-Length: 10\r\n\r\n0123"),
                               LoopbackServer::object("0123456789", tag)});
  CHECK(get_through(socket, from(server)).is(FetchState::complete));
  CHECK(collector.bytes == "0123456789");
  REQUIRE(collector.begins.size() == 2);
  CHECK(collector.begins[1].offset == 4);
  CHECK(watcher.setbacks.size() == 1);
  CHECK(watcher.all().starts_with(server.origin() + "/object: "));
  CHECK(watcher.waits.at(0) <= options.retry_delay);
}

TEST_CASE_FIXTURE(RemoteSetting, "what goes wrong is said in the same words as here")
{
  const FetchSocket socket;
  const support::Authority authority("of the test");
  const support::NginxServer tls(support::NginxTls{authority.issue("server")});
  options.retry_max = 0;
  const LoopbackServer server({LoopbackServer::reply(503, {}, ""),
                               LoopbackServer::reply(503, {}, ""),
                               LoopbackServer::reply(200, {}, "more than allowed"),
                               LoopbackServer::reply(200, {}, "more than allowed"),
                               LoopbackServer::reply(404, {}, "")});
  for (base::Fetch wanted : {from(server), from(server), from(tls.origin() + "/object")}) {
    wanted.size_limit = 4;
    const Outcome here = get(wanted);
    const Outcome there = get_through(socket, wanted);
    REQUIRE(here.error);
    REQUIRE(there.error);
    CHECK(there.text() == here.text());
    CHECK(there.error->kind() == here.error->kind());
    CHECK(there.error->trail() == here.error->trail());
  }
  base::Fetch wanted = from(server);
  CHECK(get_through(socket, wanted).is(FetchState::missing));
  wanted.urls.push_back(tls.origin() + "/object");
  CHECK(get_through(socket, wanted).failed(Kind::untrusted, "certificate"));
  wanted.absence = base::Absence::by_one;
  CHECK(get_through(socket, wanted).is(FetchState::missing));
}

TEST_CASE_FIXTURE(RemoteSetting, "authorities, secrets and proxies reach who needs them")
{
  const FetchSocket socket;
  const support::Authority authority("of the test");
  const support::NginxServer tls(
      support::NginxTls{authority.issue("server"), authority.certificate()});
  tls.put("object", "for clients");
  const support::Identity client = authority.issue("client");
  options.authorities = authority.certificate();
  options.secrets.origins = {tls.origin()};
  options.secrets.client_certificate = client.certificate;
  options.secrets.client_key = client.key;
  CHECK(get_through(socket, from(tls.origin() + "/object")).is(FetchState::complete));

  const LoopbackServer server({LoopbackServer::object("of the server", tag)});
  options.secrets = {};
  options.secrets.origins = {server.origin()};
  options.secrets.bearer_token = "token";
  options.secrets.headers = {{"X-Machine", "seven"}};
  CHECK(get_through(socket, from(server)).is(FetchState::complete));
  CHECK(server.requests().at(0).field("authorization") == "Bearer token");
  CHECK(server.requests().at(0).field("x-machine") == "seven");

  const LoopbackServer proxy({LoopbackServer::object("of the proxy", tag)});
  options.secrets = {};
  options.proxy = proxy.origin();
  CHECK(get_through(socket, from("http://strake.invalid/object")).is(FetchState::complete));
  CHECK(collector.bytes == "of the proxy");
  CHECK(proxy.requests().at(0).target == "http://strake.invalid/object");
}

TEST_CASE_FIXTURE(RemoteSetting,
                  "what a receiver throws leaves unchanged, and the next fetch works")
{
  struct Full final : base::Receiver {
    void begin(const base::Response &) override {}

    void receive(base::Bytes) override { base::fail(Kind::no_space, "the slot is full"); }
  };

  const FetchSocket socket;
  const LoopbackServer server({LoopbackServer::object("too much", tag)});
  auto fetcher = through(socket);
  Full full;
  base::Fetch wanted = from(server);
  wanted.receiver = &full;
  try {
    fetcher->fetch({wanted});
    FAIL("nothing was thrown");
  } catch (const base::Error &error) {
    CHECK(error.kind() == Kind::no_space);
    CHECK(error.message() == "the slot is full");
    CHECK(error.trail() == std::vector<std::string>{"fetching " + server.origin() + "/object"});
  }
  wanted.receiver = &collector;
  CHECK(fetcher->fetch({wanted}).size() == 1);
  CHECK(collector.bytes == "too much");
}

TEST_CASE_FIXTURE(RemoteSetting, "who stops waiting stops the service, too")
{
  struct Stopper final : FetchObserver {
    void pulse() override { base::fail(Kind::busy, "stopped by a signal"); }
  };

  const LoopbackServer server({LoopbackServer::raw_then_stall("HTTP/1.1 200 OK\r\n")});
  Stopper stopper;
  const FetchSocket socket; // waits for its threads at the end
  RemoteFetcher fetcher(socket.path(), Servers{options, {}}, stopper);
  base::Fetch wanted = from(server);
  wanted.receiver = &collector;
  CHECK_THROWS_WITH_AS(fetcher.fetch({wanted}), "stopped by a signal", base::Error);
}

TEST_CASE_FIXTURE(RemoteSetting, "where nobody listens, the error says what has to be started")
{
  RemoteFetcher fetcher("/nowhere/fetch", Servers{options, {}}, watcher);
  base::Fetch wanted = from("http://strake.invalid/object");
  wanted.receiver = &collector;
  CHECK_THROWS_WITH_AS(fetcher.fetch({wanted}),
                       "strake-fetch cannot be reached at /nowhere/fetch (No such file or "
                       "directory); it takes strake-fetch.socket to be started",
                       base::Error);
  RemoteFetcher nowhere("", Servers{options, {}}, watcher);
  CHECK_THROWS_WITH_AS(
      nowhere.fetch({wanted}), "STRAKE_FETCH is not the path of a socket: ", base::Error);
}

TEST_SUITE_END();

// What the service says is believed no more than what a server says.

namespace {

struct Said {
  MessageKind kind;
  std::uint32_t index;
  std::string body;
};

std::string bytes_of(const std::vector<Said> &messages)
{
  std::string bytes;
  for (const Said &said : messages) {
    const auto head =
        pack_head({said.kind, said.index, static_cast<std::uint32_t>(said.body.size())});
    bytes.append(head.data(), head.size());
    bytes += said.body;
  }
  return bytes;
}

/// Hears what is wanted, says these bytes, and is gone.
FetchSocket::Serve saying(const std::string &bytes)
{
  return [bytes](base::Fd connection) {
    const int number = connection.number();
    FetchChannel channel(std::move(connection), [] {});
    auto heard = channel.receive();
    while (heard && heard->head.kind != MessageKind::go)
      heard = channel.receive();
    CHECK(::send(number, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
  };
}

base::Response response_at(std::uint64_t offset)
{
  base::Response response;
  response.offset = offset;
  response.url = "http://a/b";
  return response;
}

/// One fetch of at most 8 bytes, of which 4 are there, from a service that lies.
struct Lie : RemoteSetting {
  std::uint64_t have = 4;

  [[nodiscard]] base::Fetch wanted() const
  {
    base::Fetch one = from("http://a/b");
    one.have = have;
    one.validator = tag;
    one.size_limit = 8;
    return one;
  }

  void
  check(const std::vector<Said> &messages, const std::string &why, const std::string &came = "")
  {
    check_bytes(bytes_of(messages), why, came);
  }

  void check_bytes(const std::string &bytes, const std::string &why, const std::string &came = "")
  {
    const FetchSocket socket(saying(bytes));
    const Outcome outcome = get_through(socket, wanted());
    INFO(outcome.text());
    CHECK(outcome.failed(Kind::network, why));
    CHECK(collector.bytes == std::string(have, '?') + came);
  }
};

} // namespace

TEST_SUITE_BEGIN("updater/remote_fetch_lies");

TEST_CASE_FIXTURE(Lie, "bytes come from where they were asked for, and no more than are allowed")
{
  check({{MessageKind::begin, 0, pack(response_at(5))}}, "another place than the next");
  check({{MessageKind::begin, 0, pack(response_at(4))}, {MessageKind::data, 0, "abcde"}},
        "more bytes than are allowed");
  check({{MessageKind::begin, 0, pack(response_at(4))},
         {MessageKind::data, 0, "ab"},
         {MessageKind::begin, 0, pack(response_at(5))}},
        "another place than the next",
        "ab");
  check({{MessageKind::data, 0, "ab"}}, "bytes of nothing that has begun");
  check({{MessageKind::begin, 1, pack(response_at(0))}}, "bytes of what nobody asked for");
  check({{MessageKind::data, 7, "ab"}}, "bytes of what nobody asked for");
}

TEST_CASE_FIXTURE(Lie, "where more is there than is allowed, no more than that comes all the same")
{
  have = 12;
  check({{MessageKind::begin, 0, pack(response_at(12))}, {MessageKind::data, 0, "abcde"}},
        "another place than the next");
  const FetchSocket socket(saying(bytes_of({{MessageKind::begin, 0, pack(response_at(0))},
                                            {MessageKind::data, 0, "12345678"},
                                            {MessageKind::data, 0, "9"}})));
  const Outcome outcome = get_through(socket, wanted());
  CHECK(outcome.failed(Kind::network, "more bytes than are allowed"));
  CHECK(collector.bytes == "12345678");
}

TEST_CASE_FIXTURE(Lie, "bytes of what only the head was asked for are refused")
{
  const FetchSocket socket(saying(bytes_of({{MessageKind::begin, 0, pack(response_at(0))}})));
  base::Fetch wanted = from("http://a/b");
  wanted.ask = base::Ask::head;
  CHECK(get_through(socket, wanted).failed(Kind::network, "only the head was asked for"));
}

TEST_CASE_FIXTURE(Lie, "messages that are none are refused")
{
  check({{MessageKind::servers, 0, ""}}, "what only strake says");
  check({{MessageKind::wanted, 0, ""}}, "what only strake says");
  check({{MessageKind::go, 0, ""}}, "what only strake says");
  check({{static_cast<MessageKind>(0), 0, ""}}, "a kind that does not exist");
  check({{static_cast<MessageKind>(9), 0, ""}}, "a kind that does not exist");
  check_bytes(std::string("\x05\0\0\0\0\1\0\x40\0", 9), "a message that is too large");
  check({{MessageKind::begin, 0, "short"}}, "a message that ends early");
  check({{MessageKind::begin, 0, pack(response_at(4)) + "x"}}, "goes on after its end");
  base::Response response = response_at(4);
  response.etag = "\"a\"\r\nX-Other: b";
  check({{MessageKind::begin, 0, pack(response)}}, "a control character in a text");
  base::Fetched fetched;
  fetched.state = static_cast<FetchState>(3);
  check({{MessageKind::fetched, 0, pack(fetched)}}, "a choice that does not exist");
}

TEST_CASE_FIXTURE(Lie, "a service that ends before it is done is an error of the network")
{
  check_bytes("", "strake-fetch has ended before all was fetched");
  check_bytes("\x05", "strake-fetch has ended: Connection reset by peer");
  const std::string whole = bytes_of({{MessageKind::begin, 0, pack(response_at(4))}});
  check_bytes(whole.substr(0, whole.size() - 1), "strake-fetch has ended");
}

TEST_CASE_FIXTURE(Lie, "an error is of a kind that the way to a server can have, and can be shown")
{
  check({{MessageKind::failed, 0, pack(base::Error(Kind::busy, "a\x1b[2Jb"))}}, "a\\x1b[2Jb");
  check({{MessageKind::failed, 0, pack(base::Error(Kind::stale, "c"))}}, "c");
}

TEST_SUITE_END();

// And what is asked of the service is looked at, too.

TEST_SUITE_BEGIN("updater/fetch_service");

namespace {

/// What serve_fetches() throws when it hears these bytes, from somebody who stays.
std::string heard(const std::string &bytes)
{
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const base::Fd ours(ends[0]);
  CHECK(::send(ours.number(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  base::SystemClock clock;
  try {
    serve_fetches(base::Fd(ends[1]), clock);
  } catch (const base::Error &error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST_CASE("who asks in the wrong order is not served")
{
  const Said servers{MessageKind::servers, 0, pack(Servers{})};
  const Said wanted{MessageKind::wanted, 0, pack(from("http://a/b"))};
  const std::string refused = "strake asks strake-fetch for what makes no sense";
  CHECK(heard(bytes_of({wanted})) == refused);
  CHECK(heard(bytes_of({servers, servers})) == refused);
  CHECK(heard(bytes_of({servers, wanted, servers})) == refused);
  CHECK(heard(bytes_of({{MessageKind::servers, 0, "x"}})).find("ends early") != std::string::npos);
}

TEST_CASE("who goes is not waited for")
{
  for (const bool has_asked : {false, true}) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const std::string bytes = bytes_of({{MessageKind::servers, 0, pack(Servers{})},
                                        {MessageKind::wanted, 0, pack(from("http://a/b"))}});
    const auto size = has_asked ? bytes.size() : 0;
    CHECK(::send(ends[0], bytes.data(), size, 0) == static_cast<ssize_t>(size));
    ::close(ends[0]);
    base::SystemClock clock;
    CHECK_NOTHROW(serve_fetches(base::Fd(ends[1]), clock));
  }
}

TEST_CASE("only those variables are handed on by which a proxy is found")
{
  const std::map<std::string, std::string> found = {
      {"ALL_PROXY", "a"}, {"NO_PROXY", "b"}, {"https_proxy", "c"}};
  auto environment = found;
  environment["HOME"] = "/root";
  environment["HTTP_PROXY"] = "from a request";
  CHECK(proxy_variables(environment) == found);
  CHECK(unpack_servers(pack(Servers{{}, found})).environment == found);
}

TEST_SUITE_END();

} // namespace updater
