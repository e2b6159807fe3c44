// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.hpp"
#include "support/nginx_server.hpp"
#include "updater/fetch_setting.hpp"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

using base::FetchState;
using base::Kind;
using support::Authority;
using support::NginxServer;

/// Fetching from the web server that most people have.
namespace updater {

namespace {

struct Logged {
  std::string connection;
  std::string protocol;
  int status = 0;
  std::string path;
};

std::vector<Logged> parse(const std::string &log)
{
  std::vector<Logged> requests;
  std::istringstream lines(log);
  for (Logged one; lines >> one.connection >> one.protocol >> one.status >> one.path;)
    requests.push_back(one);
  return requests;
}

std::size_t count_connections(const std::vector<Logged> &requests)
{
  std::set<std::string> connections;
  for (const Logged &request : requests)
    connections.insert(request.connection);
  return connections.size();
}

std::string bytes_of(std::size_t number)
{
  return std::string(1000 * number, static_cast<char>('a' + number % 26));
}

struct NginxSetting : FetchSetting {
  const Authority authority{"test authority"};

  NginxSetting() { options.authorities = authority.certificate(); }

  [[nodiscard]] support::NginxTls tls() const { return {authority.issue("server")}; }

  /// Puts and fetches this many objects at once; all must arrive as they are.
  void fetch_many(const NginxServer &server, CurlFetcher &fetcher, std::size_t count)
  {
    std::vector<Collector> collectors(count);
    std::vector<base::Fetch> wanted;
    for (std::size_t number = 0; number < count; ++number) {
      server.put(std::to_string(number), bytes_of(number));
      base::Fetch one;
      one.urls = {server.origin() + "/" + std::to_string(number)};
      one.receiver = &collectors[number];
      wanted.push_back(std::move(one));
    }
    fetcher.fetch(wanted);
    for (std::size_t number = 0; number < count; ++number) {
      const bool is_same = collectors[number].bytes == bytes_of(number);
      CHECK_MESSAGE(is_same, "object " << number);
    }
    CHECK(watcher.all().empty());
  }
};

} // namespace

TEST_SUITE_BEGIN("updater/fetch_nginx");

TEST_CASE_FIXTURE(NginxSetting,
                  "many objects come by HTTP/1.1 over few connections, which are kept")
{
  NginxServer server;
  options.connections_per_host = 3;
  CurlFetcher fetcher(options, clock, watcher);
  fetch_many(server, fetcher, 40);
  fetch_many(server, fetcher, 40);
  const auto requests = parse(server.finish());
  CHECK(requests.size() == 80);
  CHECK(requests.at(0).protocol == "HTTP/1.1");
  CHECK(count_connections(requests) <= 3);
}

TEST_CASE_FIXTURE(NginxSetting, "after a first object, many come by HTTP/2 over its connection")
{
  NginxServer server(tls());
  CurlFetcher fetcher(options, clock, watcher);
  fetch_many(server, fetcher, 1); // as an update does: the manifest first
  fetch_many(server, fetcher, 40);
  const auto requests = parse(server.finish());
  CHECK(requests.size() == 41);
  for (const Logged &request : requests)
    CHECK(request.protocol == "HTTP/2.0");
  CHECK(count_connections(requests) == 1);
}

TEST_CASE_FIXTURE(NginxSetting, "a large object is resumed after its first half")
{
  for (const bool has_tls : {false, true}) {
    NginxServer server(has_tls ? std::optional(tls()) : std::nullopt);
    const std::string body = std::string(3'000'000, 'x') + std::string(3'000'000, 'y');
    server.put("image", body);
    base::Fetch wanted;
    wanted.urls = {server.origin() + "/image"};
    const Outcome whole = get(wanted);
    REQUIRE(whole.is(FetchState::complete));
    const bool is_same = collector.bytes == body; // not to be printed
    CHECK(is_same);

    wanted.have = 3'000'000;
    wanted.validator = whole.fetched->response.validator;
    const Outcome rest = get(wanted);
    REQUIRE(rest.is(FetchState::complete));
    CHECK(rest.fetched->response.offset == 3'000'000);
    CHECK(rest.fetched->response.size == 6'000'000);
    const bool is_second_half = collector.bytes.substr(3'000'000) == body.substr(3'000'000);
    CHECK(is_second_half);
    wanted.have = 6'000'000;
    CHECK(get(wanted).is(FetchState::complete));

    server.put("image", "another image"); // another size, so another ETag within one second too
    CHECK(get(wanted).is(FetchState::complete));
    CHECK(collector.bytes == "another image");
    std::vector<int> statuses;
    for (const Logged &request : parse(server.finish()))
      statuses.push_back(request.status);
    CHECK(statuses == std::vector<int>{200, 206, 416, 200});
  }
}

TEST_CASE_FIXTURE(NginxSetting, "an object that did not change is not sent again")
{
  NginxServer server(tls());
  server.put("manifest", "text");
  base::Fetch wanted;
  wanted.urls = {server.origin() + "/manifest"};
  const Outcome first = get(wanted);
  REQUIRE(first.is(FetchState::complete));
  wanted.etag = first.fetched->response.etag;
  CHECK(get(wanted).is(FetchState::not_modified));
  server.put("manifest", "another text");
  CHECK(get(wanted).is(FetchState::complete));
  CHECK(get(server.origin() + "/nothing").is(FetchState::missing));
}

TEST_CASE_FIXTURE(NginxSetting,
                  "a server that wants a client's certificate gets ours, and nobody else")
{
  const NginxServer server(support::NginxTls{authority.issue("server"), authority.certificate()});
  const NginxServer other(support::NginxTls{authority.issue("server"), authority.certificate()});
  server.put("object", "for clients");
  other.put("object", "for clients");
  CHECK(get(server.origin() + "/object").failed(Kind::network, "answers 400"));
  const support::Identity client = authority.issue("client");
  options.secrets.origins = {server.origin()};
  options.secrets.client_certificate = client.certificate;
  options.secrets.client_key = client.key;
  CHECK(get(server.origin() + "/object").is(FetchState::complete));
  CHECK(collector.bytes == "for clients");
  CHECK(get(other.origin() + "/object").failed(Kind::network, "answers 400"));
  options.secrets.client_key = authority.issue("client").key;
  CHECK(get(server.origin() + "/object").failed(Kind::config, ""));
}

TEST_CASE_FIXTURE(NginxSetting, "only the authority that is set is trusted")
{
  const NginxServer server(tls());
  server.put("object", "bytes");
  CHECK(get(server.origin() + "/object").is(FetchState::complete));
  const Authority other("other authority");
  options.authorities = other.certificate();
  CHECK(get(server.origin() + "/object").failed(Kind::untrusted, "certificate"));
}

TEST_SUITE_END();

} // namespace updater
