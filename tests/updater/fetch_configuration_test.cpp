// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/temp_root.hpp"
#include "updater/fetch_options.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using support::TempRoot;

namespace updater {

namespace {

TransportOptions read(const TempRoot &root)
{
  return read_transport_options({root.dir(), root.dir(), "/run/credentials/test"});
}

/// What is wrong with a [Transport] section of this one line; "" if nothing is.
std::string refusal(const std::string &line)
{
  const TempRoot root({{"etc/strake/transport.conf", "[Transport]\n" + line + "\n"},
                       {"etc/two-words", "s3cret more\n"},
                       {"etc/injection", "s3cret\r\nX: y\n"},
                       {"etc/range", "Range: bytes=0-\n"},
                       {"etc/token", "s3cret\n"},
                       {"etc/certificate", "-----BEGIN CERTIFICATE-----\n"}});
  try {
    read(root);
    return {};
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    CHECK(std::string(error.what()).find("s3cret") == std::string::npos);
    return error.what();
  }
}

void refuses(const std::string &line, const std::string &why)
{
  const std::string text = refusal(line);
  INFO(line << " gives " << text);
  const bool is_for_that_reason = text.find(why) != std::string::npos;
  CHECK(is_for_that_reason);
}

} // namespace

TEST_SUITE_BEGIN("updater/fetch_configuration");

TEST_CASE("without a file everything is as TransportOptions says")
{
  const TransportOptions options = read(TempRoot());
  CHECK(options.parallel_fetches == 16);
  CHECK(!options.proxy);
  CHECK(options.authorities.empty());
  CHECK(options.mirrors.empty());
}

TEST_CASE("each key sets what it names")
{
  const TempRoot root({{"etc/strake/transport.conf",
                        "[Transport]\n"
                        "Mirrors=https://a.example/x/ http://m1.example/ file:///srv/copy/\n"
                        "Mirrors=https://b.example/ https://m2.example/b/\n"
                        "Proxy=http://user:pass@proxy.example:3128\n"
                        "CACertificate=/etc/ca.pem\n"
                        "CredentialsFor=https://A.example https://m1.example:8443\n"
                        "BearerToken=token\n"
                        "Headers=/etc/headers\n"
                        "ClientCertificate=client.pem\nClientKey=client.key\n"
                        "ParallelFetches=4\nConnectionsPerHost=2\nRetryMax=0\n"
                        "ConnectTimeoutSec=5\nLowSpeed=2048\nLowSpeedSec=10\nDeadlineSec=600\n"},
                       {"etc/ca.pem", "-----BEGIN CERTIFICATE-----"},
                       {"etc/headers", "# for the billing\nX-Customer: 12 a\n\nX-Site:b\n"},
                       {"run/credentials/test/token", "s3cret\n"},
                       {"run/credentials/test/client.pem", "-----BEGIN CERTIFICATE-----c"},
                       {"run/credentials/test/client.key", "-----BEGIN PRIVATE KEY-----k"}});
  const TransportOptions options = read(root);
  REQUIRE(options.mirrors.size() == 2);
  CHECK(options.mirrors[0].prefix == "https://a.example/x/");
  CHECK(options.mirrors[0].mirrors ==
        std::vector<std::string>{"http://m1.example/", "file:///srv/copy/"});
  CHECK(options.proxy == "http://user:pass@proxy.example:3128/");
  CHECK(options.authorities == "-----BEGIN CERTIFICATE-----");
  CHECK(options.secrets.origins ==
        std::vector<std::string>{"https://a.example:443", "https://m1.example:8443"});
  CHECK(options.secrets.bearer_token == "s3cret");
  REQUIRE(options.secrets.headers.size() == 2);
  CHECK(options.secrets.headers[0].name == "X-Customer");
  CHECK(options.secrets.headers[0].value == "12 a");
  CHECK(options.secrets.headers[1].value == "b");
  CHECK(options.secrets.client_certificate == "-----BEGIN CERTIFICATE-----c");
  CHECK(options.secrets.client_key == "-----BEGIN PRIVATE KEY-----k");
  CHECK(options.parallel_fetches == 4);
  CHECK(options.connections_per_host == 2);
  CHECK(options.retry_max == 0);
  CHECK(options.connect_timeout == 5s);
  CHECK(options.low_speed == 2048);
  CHECK(options.low_speed_time == 10s);
  CHECK(options.deadline == 600s);
}

TEST_CASE("a drop-in overrides the vendor's file, and an empty value takes back")
{
  const TempRoot root(
      {{"usr/lib/strake/transport.conf",
        "[Transport]\nRetryMax=1\nMirrors=https://a/ https://b/\nProxy=none\n"},
       {"etc/strake/transport.conf.d/local.conf", "[Transport]\nRetryMax=2\nMirrors=\nProxy=\n"}});
  const TransportOptions options = read(root);
  CHECK(options.retry_max == 2);
  CHECK(options.mirrors.empty());
  CHECK(!options.proxy);
}

TEST_CASE("no proxy at all can be asked for")
{
  const TempRoot root({{"etc/strake/transport.conf", "[Transport]\nProxy=none\n"}});
  CHECK(read(root).proxy == "");
}

TEST_CASE("all certificates of a directory are authorities")
{
  const TempRoot root({{"etc/strake/transport.conf", "[Transport]\nCACertificate=/etc/ca\n"},
                       {"etc/ca/b.crt", "-----BEGIN CERTIFICATE-----b"},
                       {"etc/ca/a.pem", "-----BEGIN CERTIFICATE-----a"},
                       {"etc/ca/README", "not one"}});
  CHECK(read(root).authorities == "-----BEGIN CERTIFICATE-----a\n-----BEGIN CERTIFICATE-----b\n");
}

TEST_CASE("what is wrong is refused with its place and what was expected")
{
  refuses("Proxi=http://a/", "transport.conf:2: Proxi= is not known here");
  refuses("[Transports]\nProxy=none", "expected [Transport]");
  refuses("Proxy", "transport.conf:2");
  refuses("Mirrors=https://a/", "at least one mirror");
  refuses("Mirrors=https://a https://b/", "does not end in \"/\"");
  refuses("Mirrors=https://a/ ftp://b/", "only http, https and file");
  refuses("Mirrors=\"https://a/ https://b/", "not closed");
  refuses("Proxy=file:///x", "must be an http or https URL, or none");
  refuses("CACertificate=/etc/nothing", "does not exist");
  refuses("CACertificate=/etc/token", "no certificate in PEM form");
  refuses("RetryMax=-1", "from 0 to 1000");
  refuses("ParallelFetches=0", "from 1 to 256");
  refuses("DeadlineSec=1h", "must be a whole number");
}

TEST_CASE("credentials that could do harm are refused, and never shown")
{
  refuses("BearerToken=/etc/token", "CredentialsFor= names no server");
  refuses("BearerToken=/etc/two-words", "not one word");
  refuses("BearerToken=/etc/injection", "not one word");
  refuses("BearerToken=/etc/nothing", "does not exist");
  refuses("BearerToken=../token", "absolute path, or the name of a credential");
  refuses("BearerToken=token", "does not exist");
  refuses("Headers=/etc/token", "line 1 is not \"Name: value\"");
  refuses("Headers=/etc/injection", "line 1 is not");
  refuses("Headers=/etc/range", "sets Range, which strake sets itself");
  refuses("ClientCertificate=/etc/certificate", "need each other");
  refuses("ClientKey=/etc/token", "not in PEM form");
  refuses("CredentialsFor=example.org", "has a URL that cannot be used");
  refuses("CredentialsFor=https://example.org/path", "must be servers like");
  refuses("CredentialsFor=https://example.org/?a=b", "must be servers like");
}

TEST_CASE("a credential by name needs a service that has credentials")
{
  const TempRoot root({{"etc/strake/transport.conf", "[Transport]\nBearerToken=token\n"}});
  CHECK_THROWS_WITH_AS(read_transport_options({root.dir(), root.dir(), std::nullopt}),
                       doctest::Contains("this service was given none"),
                       base::Error);
}

TEST_SUITE_END();

} // namespace updater
