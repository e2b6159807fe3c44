// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.hpp"
#include "support/loopback_server.hpp"
#include "updater/fetch_setting.hpp"

#include <doctest/doctest.h>

using base::FetchState;
using base::Kind;
using support::Answer;
using support::Authority;
using support::LoopbackServer;
using namespace std::chrono_literals;

/// Redirects, mirrors, certificates, and who gets to see our secrets.
namespace updater {

namespace {

const std::string tag = "\"one\"";

Answer redirect(const std::string &location, int status = 302)
{
  return LoopbackServer::reply(status, {"Location: " + location}, "moved");
}

Answer honest()
{
  return LoopbackServer::object("the bytes", tag);
}

base::Fetch at(const std::vector<std::string> &origins)
{
  base::Fetch wanted;
  for (const std::string &origin : origins)
    wanted.urls.push_back(origin + "/object");
  return wanted;
}

} // namespace

TEST_SUITE_BEGIN("updater/fetch_trust");

// Redirects

TEST_CASE_FIXTURE(FetchSetting, "each kind of redirect is followed, relative ones too")
{
  const Answer same_host = [](const support::Request &request, support::Connection &connection) {
    redirect("//" + request.field("host") + "/sixth", 308)(request, connection);
  };
  const LoopbackServer server({redirect("/second", 301),
                               redirect("third", 302),
                               redirect("?fourth", 303),
                               redirect("../fifth", 307),
                               same_host,
                               honest()});
  CHECK(get(at({server.origin()})).is(FetchState::complete));
  std::vector<std::string> targets;
  for (const support::Request &request : server.requests())
    targets.push_back(request.target);
  CHECK(targets == std::vector<std::string>{
                       "/object", "/second", "/third", "/third?fourth", "/fifth", "/sixth"});
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect to another server is followed, and its URL is reported")
{
  const LoopbackServer far({honest()});
  const LoopbackServer near({redirect(far.origin() + "/there?permission=secret")});
  const Outcome outcome = get(at({near.origin()}));
  CHECK(outcome.is(FetchState::complete));
  CHECK(outcome.fetched->response.url == far.origin() + "/there?…");
  CHECK(far.requests().at(0).target == "/there?permission=secret");
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect keeps the range that was asked for")
{
  const LoopbackServer far({honest()});
  const LoopbackServer near({redirect(far.origin() + "/there")});
  base::Fetch wanted = at({near.origin()});
  wanted.have = 4;
  wanted.validator = tag;
  CHECK(get(wanted).is(FetchState::complete));
  CHECK(collector.bytes == "????bytes");
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect that leads in a circle ends after five")
{
  const LoopbackServer server({redirect("/object")});
  CHECK(get(at({server.origin()})).failed(Kind::network, "redirects more than 5 times"));
  CHECK(server.requests().size() == 6);
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect to a file of this machine is refused")
{
  const LoopbackServer server({redirect("file:///etc/hostname")});
  CHECK(get(at({server.origin()})).failed(Kind::untrusted, "redirects to a file of this machine"));
  CHECK(collector.begins.empty());
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect to any scheme but http and https is refused")
{
  for (const std::string target : {"ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "javascript:x"}) {
    const LoopbackServer server({redirect(target)});
    const Outcome outcome = get(at({server.origin()}));
    INFO(outcome.text());
    CHECK(outcome.failed(Kind::network, "redirects to a URL that cannot be used"));
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect with a space or a control character is refused")
{
  for (const std::string target : {"/a b", "/a\tb", "/a\x7f"}) {
    const LoopbackServer server({redirect(target)});
    CHECK(!get(at({server.origin()})).fetched);
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect to nowhere is refused")
{
  const LoopbackServer server({LoopbackServer::reply(302, {}, "")});
  CHECK(get(at({server.origin()})).failed(Kind::network, "(302) without saying where"));
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect to two places is refused")
{
  const LoopbackServer server({LoopbackServer::reply(302, {"Location: /a", "Location: /b"}, "")});
  CHECK(get(at({server.origin()})).failed(Kind::network, "two different places"));
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect from https to http is refused as a breach of trust")
{
  const Authority authority("test authority");
  const LoopbackServer plain({honest()});
  const LoopbackServer secure({redirect(plain.origin() + "/object")}, authority.issue("server"));
  options.authorities = authority.certificate();
  CHECK(get(at({secure.origin()})).failed(Kind::untrusted, "from https to http"));
  CHECK(plain.requests().empty());
}

TEST_CASE_FIXTURE(FetchSetting, "a redirect from http to https is followed")
{
  const Authority authority("test authority");
  const LoopbackServer secure({honest()}, authority.issue("server"));
  const LoopbackServer plain({redirect(secure.origin() + "/object")});
  options.authorities = authority.certificate();
  CHECK(get(at({plain.origin()})).is(FetchState::complete));
}

// Certificates

TEST_CASE_FIXTURE(FetchSetting, "a server that our authority vouches for is trusted")
{
  const Authority authority("test authority");
  const LoopbackServer server({honest()}, authority.issue("server"));
  options.authorities = authority.certificate();
  CHECK(get(at({server.origin()})).is(FetchState::complete));
  CHECK(collector.bytes == "the bytes");
}

TEST_CASE_FIXTURE(FetchSetting, "a server that no authority of ours vouches for is not trusted")
{
  const Authority authority("test authority");
  const Authority other("other authority");
  const LoopbackServer server({honest()}, authority.issue("server"));
  CHECK(get(at({server.origin()})).failed(Kind::untrusted, "certificate"));
  options.authorities = other.certificate();
  const Outcome outcome = get(at({server.origin()}));
  INFO(outcome.text());
  CHECK(outcome.failed(Kind::untrusted, "certificate"));
  CHECK(server.requests().empty());
}

TEST_CASE_FIXTURE(FetchSetting, "a certificate for another host is not trusted")
{
  const Authority authority("test authority");
  const LoopbackServer server({honest()}, authority.issue_for_host("other.example"));
  options.authorities = authority.certificate();
  CHECK(get(at({server.origin()})).failed(Kind::untrusted, "127.0.0.1"));
  CHECK(server.requests().empty());
}

TEST_CASE_FIXTURE(FetchSetting, "a certificate out of its time is not trusted, and the clock named")
{
  const Authority authority("test authority");
  options.authorities = authority.certificate();
  const LoopbackServer early({honest()}, authority.issue("server", 24h));
  CHECK(get(at({early.origin()})).failed(Kind::untrusted, "is this machine's clock right?"));
  const LoopbackServer late({honest()}, authority.issue("server", -36h));
  CHECK(get(at({late.origin()})).failed(Kind::untrusted, "is this machine's clock right?"));
}

TEST_CASE_FIXTURE(FetchSetting, "authorities that are no certificates are an error of the setting")
{
  const Authority authority("test authority");
  const LoopbackServer server({honest()}, authority.issue("server"));
  options.authorities = "not a certificate";
  CHECK(get(at({server.origin()})).failed(Kind::config, ""));
}

TEST_CASE_FIXTURE(FetchSetting, "a server that speaks no TLS is tried again, then given up")
{
  options.connect_timeout = std::chrono::milliseconds(300); // a handshake that never comes
  const LoopbackServer server({honest()});
  const Outcome outcome = get("https" + server.origin().substr(4) + "/object");
  INFO(outcome.text());
  CHECK(outcome.failed(Kind::network, "SSL"));
}

// Secrets

TEST_CASE_FIXTURE(FetchSetting, "a bearer token and headers go to the origin they are for")
{
  const LoopbackServer server({honest()});
  options.secrets.origins = {server.origin() + "/"};
  options.secrets.bearer_token = "s3cret";
  options.secrets.headers = {{"X-Customer", "hidden"}};
  CHECK(get(at({server.origin()})).is(FetchState::complete));
  CHECK(server.requests().at(0).field("authorization") == "Bearer s3cret");
  CHECK(server.requests().at(0).field("x-customer") == "hidden");
}

TEST_CASE_FIXTURE(FetchSetting, "secrets do not go along with a redirect to another port")
{
  const LoopbackServer far({honest()});
  const LoopbackServer near({redirect(far.origin() + "/object")});
  options.secrets = {{near.origin()}, "s3cret", {{"X-Customer", "hidden"}}, "", ""};
  CHECK(get(at({near.origin()})).is(FetchState::complete));
  CHECK(near.requests().at(0).field("authorization") == "Bearer s3cret");
  CHECK(far.requests().at(0).field("authorization").empty());
  CHECK(far.requests().at(0).field("x-customer").empty());
}

TEST_CASE_FIXTURE(FetchSetting, "secrets do not go to a mirror they are not for")
{
  const LoopbackServer first({LoopbackServer::reply(500, {}, "")});
  const LoopbackServer second({honest()});
  options.secrets = {{first.origin()}, "s3cret", {}, "", ""};
  CHECK(get(at({first.origin(), second.origin()})).is(FetchState::complete));
  CHECK(first.requests().at(0).field("authorization") == "Bearer s3cret");
  CHECK(second.requests().at(0).field("authorization").empty());
}

TEST_CASE_FIXTURE(FetchSetting, "secrets do go to a mirror they are said to be for")
{
  const LoopbackServer first({LoopbackServer::reply(500, {}, "")});
  const LoopbackServer second({honest()});
  options.secrets = {{first.origin(), second.origin()}, "s3cret", {}, "", ""};
  CHECK(get(at({first.origin(), second.origin()})).is(FetchState::complete));
  CHECK(second.requests().at(0).field("authorization") == "Bearer s3cret");
}

TEST_CASE_FIXTURE(FetchSetting, "a password in a URL is used, not shown, and not taken elsewhere")
{
  const LoopbackServer far({LoopbackServer::reply(403, {}, "")});
  const LoopbackServer near({redirect(far.origin() + "/object")});
  const std::string url = "http://user:passw0rd@" + near.origin().substr(7) + "/object";
  const Outcome outcome = get(url);
  CHECK(near.requests().at(0).field("authorization") == "Basic dXNlcjpwYXNzdzByZA==");
  CHECK(far.requests().at(0).field("authorization").empty());
  CHECK(outcome.failed(Kind::network, near.origin() + "/object"));
  CHECK(outcome.text().find("passw0rd") == std::string::npos);
  CHECK(outcome.text().find("user") == std::string::npos);
}

TEST_CASE_FIXTURE(FetchSetting, "credentials that a redirect brings along are not used")
{
  const LoopbackServer far({honest()});
  const LoopbackServer near({redirect("http://user:given@" + far.origin().substr(7) + "/object")});
  const Outcome outcome = get(at({near.origin()}));
  CHECK(outcome.is(FetchState::complete));
  CHECK(far.requests().at(0).field("authorization").empty());
  CHECK(outcome.fetched->response.url == far.origin() + "/object");
}

TEST_CASE_FIXTURE(FetchSetting, "no message shows a secret")
{
  const LoopbackServer server({LoopbackServer::reply(500, {}, ""),
                               LoopbackServer::raw(""),
                               LoopbackServer::reply(401, {"X: s3cret"}, "s3cret")});
  options.secrets = {{server.origin()}, "s3cret", {{"X-Customer", "hidden"}}, "", ""};
  const Outcome outcome = get(server.origin() + "/object?token=query-s3cret");
  CHECK(outcome.failed(Kind::network, "(401)"));
  const std::string all = outcome.text() + watcher.all();
  CHECK(all.find("s3cret") == std::string::npos);
  CHECK(all.find("hidden") == std::string::npos);
}

// Mirrors

TEST_CASE_FIXTURE(FetchSetting, "a mirror that is down is passed over at once")
{
  const LoopbackServer down({LoopbackServer::reply(503, {"Retry-After: 100"}, "")});
  const LoopbackServer good({honest()});
  CHECK(get(at({down.origin(), good.origin()})).is(FetchState::complete));
  CHECK(clock.sleeps.empty());
  CHECK(down.requests().size() == 1);
}

TEST_CASE_FIXTURE(FetchSetting, "a mirror that was down is spared by the objects that follow")
{
  const LoopbackServer down({LoopbackServer::reply(503, {"Retry-After: 100"}, ""), honest()});
  const LoopbackServer good({honest()});
  CurlFetcher fetcher(options, clock, watcher);
  base::Fetch wanted = at({down.origin(), good.origin()});
  wanted.receiver = &collector;
  fetcher.fetch({wanted});
  fetcher.fetch({wanted});
  CHECK(down.requests().size() == 1);
  clock.elapsed += 101s;
  fetcher.fetch({wanted});
  CHECK(down.requests().size() == 2);
}

TEST_CASE_FIXTURE(FetchSetting,
                  "what one mirror began another goes on with if it has the same object")
{
  const LoopbackServer broken({LoopbackServer::raw("HTTP/1.1 200 OK\r\nETag: " + tag +
                                                   "\r\nContent-Length: 9\r\n\r\nthe b")});
  const LoopbackServer good({honest()});
  CHECK(get(at({broken.origin(), good.origin()})).is(FetchState::complete));
  CHECK(good.requests().at(0).field("range") == "bytes=5-");
  CHECK(collector.bytes == "the bytes");
}

TEST_CASE_FIXTURE(FetchSetting, "a second mirror is checked like the first")
{
  const LoopbackServer first({LoopbackServer::reply(500, {}, "")});
  const LoopbackServer second({LoopbackServer::reply(200, {"Content-Encoding: br"}, "x")});
  options.retry_max = 0;
  const Outcome outcome = get(at({first.origin(), second.origin()}));
  CHECK(outcome.failed(Kind::network, "none of 2 mirrors is of use"));
  CHECK(outcome.failed(Kind::network, first.origin() + "/object (the server answers 500)"));
  CHECK(outcome.failed(Kind::network, "Content-Encoding"));
}

TEST_CASE_FIXTURE(FetchSetting, "a mirror without the object does not make it missing on the other")
{
  const LoopbackServer without({LoopbackServer::reply(404, {}, "")});
  const LoopbackServer with({honest()});
  CHECK(get(at({without.origin(), with.origin()})).is(FetchState::complete));
  const LoopbackServer broken({LoopbackServer::reply(400, {}, "")});
  CHECK(get(at({without.origin(), broken.origin()})).failed(Kind::network, "answers 400"));
}

TEST_CASE_FIXTURE(FetchSetting, "a breach of trust at one mirror decides the kind of the failure")
{
  const LoopbackServer liar({redirect("file:///etc/hostname")});
  const LoopbackServer broken({LoopbackServer::reply(400, {}, "")});
  CHECK(!get(at({liar.origin(), broken.origin()})).failed(Kind::network, ""));
  CHECK(get(at({broken.origin(), liar.origin()})).failed(Kind::untrusted, "file of this machine"));
}

TEST_CASE_FIXTURE(FetchSetting, "mirrors that are set are asked before the place itself")
{
  const LoopbackServer mirror({LoopbackServer::reply(404, {}, "")});
  const LoopbackServer origin({honest()});
  options.mirrors = {{origin.origin() + "/images/", {mirror.origin() + "/copy/"}}};
  CHECK(get(origin.origin() + "/images/a/b").is(FetchState::complete));
  CHECK(mirror.requests().at(0).target == "/copy/a/b");
  CHECK(origin.requests().at(0).target == "/images/a/b");
  CHECK(get(origin.origin() + "/other").is(FetchState::complete));
  CHECK(mirror.requests().size() == 1);
}

TEST_CASE_FIXTURE(FetchSetting, "a local copy may stand in for a server")
{
  const LoopbackServer server({LoopbackServer::reply(500, {}, "")});
  base::Fetch wanted = at({server.origin()});
  wanted.urls.push_back("file:///etc/hostname-that-is-not-there");
  options.retry_max = 0;
  CHECK(get(wanted).failed(Kind::network, "the server does not have it"));
}

// URLs

TEST_CASE_FIXTURE(FetchSetting,
                  "a URL with a control character in it is refused before anything is sent")
{
  const LoopbackServer server({honest()});
  for (const std::string &bad :
       {std::string("/a\r\nX: y"), std::string("/a\nb"), std::string("/a\0b", 4)})
    CHECK(get(server.origin() + bad).failed(Kind::config, "has the character 0x"));
  CHECK(server.requests().empty());
}

TEST_CASE_FIXTURE(FetchSetting, "a URL of another scheme is refused")
{
  for (const std::string url : {"ftp://127.0.0.1/x", "scp://127.0.0.1/x", "/etc/hostname"}) {
    const Outcome outcome = get(url);
    INFO(outcome.text());
    CHECK(outcome.failed(Kind::config, "cannot be used"));
  }
}

TEST_SUITE_END();

} // namespace updater
