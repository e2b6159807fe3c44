// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/gpg_home.hpp"
#include "support/test_host.hpp"
#include "updater/manifest_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>

TEST_SUITE_BEGIN("updater/manifest_source");

using namespace std::chrono_literals;
using support::Armor;
using updater::Verify;

namespace {

const std::string old_manifest = std::string(64, 'a') + " *os_7.raw\n";
const std::string new_manifest = old_manifest + std::string(64, 'b') + " *os_8.raw\n";
const std::string best_before = std::string(64, 'c') + " *BEST-BEFORE-2040-01-01\n";

/// A client with alice's key, and servers for it to ask.
class World : public support::TestHost {
public:
  support::GpgHome gpg;

  World()
  {
    gpg.make_key("alice");
    root.write("etc/systemd/import-pubring.pgp", gpg.public_key("alice"));
    clock.time = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  void publish(const std::string &url, const std::string &text, const std::string &ending = ".gpg")
  {
    fetcher.objects[url + "/SHA256SUMS"] = text;
    fetcher.objects[url + "/SHA256SUMS" + ending] =
        gpg.sign("alice", text, ending.ends_with("asc") ? Armor::yes : Armor::no);
  }

  updater::FetchedManifest fetch(const std::vector<std::string> &urls = {"https://a.test/os"},
                                 const updater::ManifestTrust &trust = {})
  {
    fetcher.asked.clear();
    return updater::fetch_manifest(host, urls, trust);
  }

  std::string refusal(base::Kind kind,
                      const std::vector<std::string> &urls = {"https://a.test/os"},
                      const updater::ManifestTrust &trust = {})
  {
    try {
      (void)fetch(urls, trust);
    } catch (const base::Error &error) {
      CHECK_MESSAGE(error.kind() == kind, error.what());
      return error.what();
    }
    return "accepted";
  }

  [[nodiscard]] std::ptrdiff_t times_asked(const std::string &url) const
  {
    return std::count(fetcher.asked.begin(), fetcher.asked.end(), url);
  }
};

bool has(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a manifest with a good signature comes with its signer and its time")
{
  World world;
  world.publish("https://a.test/os", new_manifest);
  const updater::FetchedManifest fetched = world.fetch();
  CHECK(fetched.manifest.entries.size() == 2);
  CHECK(fetched.fingerprint == world.gpg.fingerprint("alice"));
  CHECK(fetched.base_url == "https://a.test/os");
  CHECK(fetched.signed_at);
}

TEST_CASE("the signature is found under each of its names, on every kind of URL")
{
  World world;
  for (const std::string url : {"http://a.test/os", "https://a.test/os", "file:///srv/os"})
    for (const std::string ending : {".gpg", ".asc", ".sha256.asc", ".sha256.gpg"}) {
      CAPTURE(url + ending);
      world.fetcher.objects.clear();
      world.publish(url, new_manifest, ending);
      CHECK(world.fetch({url}).manifest.entries.size() == 2);
    }
}

TEST_CASE("slashes at the end of the URL do not matter")
{
  World world;
  world.publish("https://a.test/os", new_manifest);
  CHECK(world.fetch({"https://a.test/os//"}).base_url == "https://a.test/os");
}

TEST_CASE("each way in which a signature can be missing has its own clean error")
{
  World world;
  world.fetcher.objects["https://a.test/os/SHA256SUMS"] = new_manifest;
  const std::string signature = "https://a.test/os/SHA256SUMS.gpg";
  CHECK(has(world.refusal(base::Kind::untrusted), "SHA256SUMS is not signed"));
  world.fetcher.objects[signature] = "";
  CHECK(has(world.refusal(base::Kind::untrusted), "SHA256SUMS.gpg: the signature is empty"));
  world.fetcher.objects[signature] = "<html>Please log in</html>";
  CHECK(has(world.refusal(base::Kind::untrusted), "SHA256SUMS.gpg: this is a web page"));
  world.fetcher.objects[signature] = "not found\n";
  CHECK(has(world.refusal(base::Kind::untrusted), "SHA256SUMS.gpg: this is not an OpenPGP"));
  world.fetcher.objects.erase(signature);
  world.fetcher.failures[signature] = "the server answered 401";
  CHECK(has(world.refusal(base::Kind::network), "SHA256SUMS.gpg: the server answered 401"));
  world.fetcher.failures.clear();
  world.fetcher.objects[signature] = std::string(70'000, '\x88');
  CHECK(has(world.refusal(base::Kind::network), "larger than 65536 bytes"));
}

TEST_CASE("a server that hides missing names behind a 403 does not hide the signature")
{
  World world;
  world.publish("https://a.test/os", new_manifest, ".asc");
  world.fetcher.failures["https://a.test/os/SHA256SUMS.gpg"] = "the server answered 403";
  CHECK(world.fetch().manifest.entries.size() == 2);
}

TEST_CASE("a page for every name does not hide the signature that is there")
{
  World world;
  world.publish("https://a.test/os", new_manifest, ".asc");
  world.fetcher.objects["https://a.test/os/SHA256SUMS.gpg"] = "<html>";
  CHECK(world.fetch().manifest.entries.size() == 2);
}

TEST_CASE("no manifest at all is not found, a page in its place is not trusted")
{
  World world;
  CHECK(has(world.refusal(base::Kind::not_found), "there is no SHA256SUMS at https://a.test/os"));
  world.fetcher.objects["https://a.test/os/SHA256SUMS"] = "<html>";
  CHECK(has(world.refusal(base::Kind::untrusted), "is not signed"));
  CHECK(has(world.refusal(base::Kind::network,
                          {"https://a.test/os"},
                          {.verify = Verify::no, .freshness = {}, .clock_floor = {}}),
            "looks like a web page"));
}

TEST_CASE("a manifest that was changed is refused before it is read")
{
  World world;
  world.publish("https://a.test/os", new_manifest);
  world.fetcher.objects["https://a.test/os/SHA256SUMS"] += "this is no line of a manifest";
  CHECK(has(world.refusal(base::Kind::untrusted), "no signature is good: SHA256SUMS.gpg:"));
}

TEST_CASE("a signed manifest that breaks the rules is refused with its line")
{
  World world;
  world.publish("https://a.test/os", std::string(62, 'a') + "  os.raw\n");
  CHECK(has(world.refusal(base::Kind::untrusted), "Manifest hash at line 1 decoded to 31 bytes"));
}

TEST_CASE("a pair that is replaced between the two questions is fetched once more")
{
  World world;
  world.publish("https://a.test/os", old_manifest);
  bool replaced = false;
  world.fetcher.before_answer = [&](const std::string &url) {
    if (!replaced && url.ends_with(".gpg")) {
      replaced = true;
      world.publish("https://a.test/os", new_manifest);
    }
  };
  CHECK(world.fetch().manifest.entries.size() == 2);
  CHECK(world.times_asked("https://a.test/os/SHA256SUMS") == 2);
}

TEST_CASE("a pair that does not fit is fetched twice and no more")
{
  World world;
  world.publish("https://a.test/os", old_manifest);
  world.fetcher.objects["https://a.test/os/SHA256SUMS"] = new_manifest;
  CHECK(has(world.refusal(base::Kind::untrusted), "no signature is good"));
  CHECK(world.times_asked("https://a.test/os/SHA256SUMS") == 2);
  CHECK(world.times_asked("https://a.test/os/SHA256SUMS.gpg") == 2);
}

TEST_CASE("a mirror whose answer fails any check is passed over for the next, which is checked too")
{
  World world;
  const std::vector<std::string> mirrors{"https://a.test/os", "https://b.test/os"};
  world.publish("https://a.test/os", new_manifest);
  world.fetcher.objects["https://a.test/os/SHA256SUMS"] += "x";
  world.publish("https://b.test/os", new_manifest);
  CHECK(world.fetch(mirrors).base_url == "https://b.test/os");
  REQUIRE(world.said.size() == 1);
  CHECK(has(world.said.front(), "passing over a mirror: checking https://a.test/os/SHA256SUMS"));
  world.fetcher.objects["https://b.test/os/SHA256SUMS"] = new_manifest + "y";
  CHECK(has(world.refusal(base::Kind::untrusted, mirrors), "checking https://b.test/os"));
}

TEST_CASE("the signature of one mirror does not vouch for the manifest of another")
{
  World world;
  world.publish("https://a.test/os", new_manifest);
  world.fetcher.objects.erase("https://a.test/os/SHA256SUMS");
  world.fetcher.objects["https://b.test/os/SHA256SUMS"] = new_manifest;
  CHECK(has(world.refusal(base::Kind::untrusted, {"https://a.test/os", "https://b.test/os"}),
            "SHA256SUMS is not signed"));
}

TEST_CASE("a mirror that is down, empty or stale is passed over")
{
  World world;
  const std::vector<std::string> mirrors{
      "https://down.test", "https://empty.test", "https://stale.test", "https://good.test"};
  world.fetcher.failures["https://down.test/SHA256SUMS"] = "no route";
  world.publish("https://stale.test", std::string(64, 'c') + " *BEST-BEFORE-2020-01-01\n");
  world.publish("https://good.test", new_manifest);
  CHECK(world.fetch(mirrors).base_url == "https://good.test");
  CHECK(world.said.size() == 3);
}

TEST_CASE("a manifest past its day is stale, also by a floor under a stopped clock")
{
  World world;
  world.publish("https://a.test/os", new_manifest + best_before);
  CHECK(world.refusal(base::Kind::stale) == "accepted");
  updater::ManifestTrust trust;
  trust.clock_floor = std::chrono::sys_days(2041y / 1 / 1);
  CHECK(has(world.refusal(base::Kind::stale, {"https://a.test/os"}, trust),
            "was best before 2040-01-01"));
  trust.freshness = updater::Freshness::ignored;
  CHECK(world.refusal(base::Kind::stale, {"https://a.test/os"}, trust) == "accepted");
}

TEST_CASE("without verification no keyring, no program and no signature is needed")
{
  World world;
  world.root.write("etc/systemd/import-pubring.pgp", "-> /dev/null");
  world.fetcher.objects["https://a.test/os/SHA256SUMS"] = new_manifest;
  const updater::FetchedManifest fetched = world.fetch(
      {"https://a.test/os"}, {.verify = Verify::no, .freshness = {}, .clock_floor = {}});
  CHECK(fetched.manifest.entries.size() == 2);
  CHECK(fetched.fingerprint.empty());
  CHECK(world.fetcher.asked == std::vector<std::string>{"https://a.test/os/SHA256SUMS"});
  CHECK_FALSE(world.root.exists("var/lib/strake/cache"));
}

TEST_CASE("an unchanged manifest is taken from the cache, and checked again")
{
  World world;
  world.publish("https://a.test/os", new_manifest);
  world.fetcher.etags["https://a.test/os/SHA256SUMS"] = "\"one\"";
  CHECK(world.fetch().manifest.entries.size() == 2);
  // The tag says "unchanged", so the text must come from the disk.
  world.fetcher.objects["https://a.test/os/SHA256SUMS"] = "something else";
  CHECK(world.fetch().manifest.entries.size() == 2);
  CHECK(world.times_asked("https://a.test/os/SHA256SUMS") == 1);
}

TEST_CASE("a cached manifest is not believed: if it was changed, it is fetched anew")
{
  World world;
  world.publish("https://a.test/os", new_manifest);
  world.fetcher.etags["https://a.test/os/SHA256SUMS"] = "\"one\"";
  (void)world.fetch();
  const std::string cached =
      "var/lib/strake/cache/" + world.root.dir().dir("var/lib/strake/cache").entries().front().name;
  const std::string good = world.root.read(cached);
  for (const std::string &damaged : {good + std::string(64, 'd') + " *evil_9.raw\n",
                                     std::string("\"one\"\n"),
                                     std::string("garbage"),
                                     std::string(100'000, '\n')}) {
    world.root.write(cached, damaged);
    CHECK(world.fetch().manifest.entries.size() == 2);
    CHECK(world.root.read(cached) == good);
  }
}

TEST_CASE("a manifest that was refused is not kept")
{
  World world;
  world.publish("https://a.test/os", std::string(64, 'c') + " *BEST-BEFORE-2020-01-01\n");
  world.fetcher.etags["https://a.test/os/SHA256SUMS"] = "\"one\"";
  (void)world.refusal(base::Kind::stale);
  world.fetcher.objects["https://a.test/os/SHA256SUMS"] = new_manifest;
  (void)world.refusal(base::Kind::untrusted);
  CHECK_FALSE(world.root.exists("var/lib/strake/cache"));
}

TEST_CASE("a machine without a keyring is told where to put one, before anything is asked for")
{
  World world;
  world.publish("https://a.test/os", new_manifest);
  world.root.write("etc/systemd/import-pubring.pgp", "-> /nowhere");
  CHECK(has(world.refusal(base::Kind::untrusted), "there is no OpenPGP keyring"));
  CHECK(world.fetcher.asked.empty());
}

TEST_CASE("passwords in a URL are not shown")
{
  World world;
  const std::string text = world.refusal(base::Kind::not_found, {"https://me:secret@a.test/os"});
  CHECK_FALSE(has(text, "secret"));
}
