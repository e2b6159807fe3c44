// SPDX-License-Identifier: Apache-2.0
#include "bakery/signed_manifest.hpp"
#include "base/error.hpp"
#include "support/test_host.hpp"
#include "updater/release_source.hpp"
#include "updater/update.hpp"

#include <doctest/doctest.h>

#include <algorithm>

TEST_SUITE_BEGIN("updater/release_source");

using bakery::SigningKey;
using bakery_test::sign;
using bakery_test::time;
using updater::Remember;
using verity::ReleaseManifest;
using verity::TrustRoot;

namespace {

const SigningKey key = SigningKey::generate();
const SigningKey second = SigningKey::generate();
const std::string url = "https://a.test/extensions";

/// A machine that trusts the key, and a repository.
class World : public support::TestHost {
public:
  World()
  {
    clock.time = time("2026-11-15T00:00:00Z");
    root.write("etc/os-release", "ID=debian\nVERSION_ID=13\nIMAGE_ID=appliance\n");
    root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    root.write("etc/trust", verity::file_text(key.public_key()));
    publish(manifest);
  }

  void publish(const ReleaseManifest &published, const SigningKey &signer = key)
  {
    const std::string text = text_of(published);
    fetcher.objects[url + "/manifest.json"] = text;
    fetcher.objects[url + "/manifest.json.minisig"] = sign(signer, text);
    fetcher.etags[url + "/manifest.json"] = fmt::format("\"{}\"", ++tag_);
  }

  void publish_root(const TrustRoot &published, const std::vector<const SigningKey *> &signers)
  {
    const std::string text = text_of(published);
    const std::string name = fmt::format("{}/{}.root.json", url, published.version);
    fetcher.objects[name] = text;
    fetcher.objects[name + ".minisig"].clear();
    for (const SigningKey *signer : signers)
      fetcher.objects[name + ".minisig"] += sign(*signer, text);
  }

  ReleaseManifest fetch(Remember remember = Remember::yes)
  {
    fetcher.asked.clear();
    return updater::fetch_releases(
               host, {.url = url + "/", .trust = "/etc/trust", .channel = "stable"}, remember)
        .manifest;
  }

  std::string refusal(base::Kind kind)
  {
    try {
      (void)fetch();
    } catch (const base::Error &error) {
      CHECK_MESSAGE(error.kind() == kind, error.what());
      return error.what();
    }
    return "accepted";
  }

  /// All that is remembered, as one text.
  std::string marks()
  {
    std::string text;
    if (const auto dir = root.dir().find_dir("var/lib/strake/trust"))
      for (const base::DirEntry &each : dir->entries())
        text += each.name + "\n" + dir->text(each.name).value();
    return text;
  }

  ReleaseManifest manifest = bakery_test::good_manifest();

private:
  int tag_ = 0;
};

TrustRoot first_root()
{
  return {.repository = "extensions.example",
          .version = 1,
          .issued = time("2026-11-01T00:00:00Z"),
          .expires = time("2027-11-01T00:00:00Z"),
          .root = {{key.public_key()}, 1},
          .release = {{key.public_key()}, 1}};
}

} // namespace

TEST_CASE("a manifest that the key signed is believed, and remembered")
{
  World world;
  CHECK(world.fetch() == world.manifest);
  CHECK(world.marks().find("\"sequence\": 17") != std::string::npos);
  ReleaseManifest newer = world.manifest;
  newer.sequence = 18;
  world.publish(newer);
  CHECK(world.fetch() == newer);
  world.publish(world.manifest);
  CHECK(world.refusal(base::Kind::untrusted).find("rollback: this is number 17") !=
        std::string::npos);
}

TEST_CASE("a check where nothing has changed is one small question")
{
  World world;
  world.fetch();
  CHECK(world.fetch() == world.manifest);
  CHECK(world.fetcher.asked == std::vector<std::string>{url + "/manifest.json"});
}

TEST_CASE("it is one question too where keys go by a root: a new one comes with a new list")
{
  World world;
  world.root.write("etc/trust", text_of(first_root()));
  world.fetch();
  CHECK(world.fetch() == world.manifest);
  CHECK(world.fetcher.asked == std::vector<std::string>{url + "/manifest.json"});
}

TEST_CASE("looking alone remembers nothing")
{
  World world;
  world.fetch(Remember::no);
  CHECK(world.marks().empty());
}

TEST_CASE("a refused manifest leaves the marks as they were, and the next good one is taken")
{
  World world;
  world.fetch();
  const std::string before = world.marks();
  ReleaseManifest bad = world.manifest;
  bad.sequence = 99;
  bad.expires = time("2026-11-14T00:00:00Z");
  world.publish(bad);
  CHECK(world.refusal(base::Kind::stale).find("freeze: it was good until 2026-11-14") !=
        std::string::npos);
  bad = world.manifest;
  bad.sequence = 99;
  world.publish(bad, second);
  CHECK(world.refusal(base::Kind::untrusted).find("unknown signer") != std::string::npos);
  CHECK(world.marks() == before);
  world.publish(world.manifest);
  CHECK(world.fetch() == world.manifest);
}

TEST_CASE("what was kept is judged like what comes over the network")
{
  World world;
  world.fetch();
  world.clock.time = time("2026-12-02T00:00:00Z");
  CHECK(world.refusal(base::Kind::stale).find("freeze") != std::string::npos);
}

TEST_CASE("a pair that changes between the two questions is fetched once more")
{
  World world;
  ReleaseManifest newer = world.manifest;
  newer.sequence = 18;
  bool changed = false;
  world.fetcher.before_answer = [&](const std::string &asked) {
    if (asked.ends_with(".minisig") && !changed) {
      changed = true;
      world.publish(newer);
    }
  };
  CHECK(world.fetch() == newer);
}

TEST_CASE("what is missing is said clearly")
{
  World world;
  world.fetcher.objects.erase(url + "/manifest.json.minisig");
  CHECK(world.refusal(base::Kind::untrusted).find("no signature: nobody signed it") !=
        std::string::npos);
  world.fetcher.objects.erase(url + "/manifest.json");
  CHECK(world.refusal(base::Kind::not_found) ==
        "there is no https://a.test/extensions/manifest.json; is this the URL of a repository?");
  world.root.write("etc/trust", "nonsense\n");
  CHECK(world.refusal(base::Kind::config)
            .ends_with("/etc/trust is neither a public key of minisign nor a root.json"));
  world.sys.remove(world.root.dir().dir("etc"), "trust", base::Remove::file);
  CHECK(world.refusal(base::Kind::not_found).find("/etc/trust, by which") != std::string::npos);
}

TEST_CASE("keys change by versions of the root, each as soon as it was found good")
{
  World world;
  world.root.write("etc/trust", text_of(first_root()));
  CHECK(world.fetch() == world.manifest);
  // No mirror has to be asked in vain for a version that there is not yet; for all else, it has.
  CHECK(world.fetcher.absent_by_one == std::set<std::string>{url + "/2.root.json"});

  TrustRoot next = first_root();
  next.version = 2;
  next.release = {{second.public_key()}, 1};
  world.publish_root(next, {&key});
  next.version = 3;
  world.publish_root(next, {&key});
  ReleaseManifest newer = world.manifest;
  newer.sequence = 1; // a new root begins anew
  newer.keys = 3;
  world.publish(newer, second);
  CHECK(world.fetch() == newer);

  world.publish(world.manifest, key); // of the key that is out
  CHECK(world.refusal(base::Kind::untrusted).find("unknown signer") != std::string::npos);
  world.fetcher.objects.erase(url + "/2.root.json"); // nor may the change be hidden any more
  world.fetcher.objects.erase(url + "/3.root.json");
  CHECK(world.refusal(base::Kind::untrusted).find("unknown signer") != std::string::npos);
}

TEST_CASE("a root that was not signed as it has to be changes nothing")
{
  World world;
  world.root.write("etc/trust", text_of(first_root()));
  world.fetch();
  const std::string before = world.marks();
  TrustRoot next = first_root();
  next.version = 2;
  next.release = {{second.public_key()}, 1};
  world.publish_root(next, {&second});
  world.publish(world.manifest);
  CHECK(world.refusal(base::Kind::untrusted).find("2.root.json: unknown signer") !=
        std::string::npos);
  CHECK(world.marks() == before);
}

TEST_CASE("a root that has expired is a freeze")
{
  World world;
  TrustRoot root = first_root();
  root.expires = time("2026-11-10T00:00:00Z");
  world.root.write("etc/trust", text_of(root));
  CHECK(world.refusal(base::Kind::stale).find("version 1 of the root was good until 2026-11-10") !=
        std::string::npos);
}

TEST_CASE(
    "a root that expires while the list stays the same is a freeze, until there is a newer one")
{
  World world;
  TrustRoot root = first_root();
  root.expires = time("2026-11-20T00:00:00Z");
  world.root.write("etc/trust", text_of(root));
  CHECK(world.fetch() == world.manifest);
  world.clock.time = time("2026-11-21T00:00:00Z");
  CHECK(world.refusal(base::Kind::stale).find("version 1 of the root was good until 2026-11-20") !=
        std::string::npos);
  root.version = 2;
  root.expires = time("2027-11-20T00:00:00Z");
  world.publish_root(root, {&key});
  CHECK(world.fetch() == world.manifest);
}

TEST_CASE("another key begins anew")
{
  World world;
  world.fetch();
  ReleaseManifest other = world.manifest;
  other.sequence = 1;
  other.repository = "other.example";
  world.root.write("etc/trust", verity::file_text(second.public_key()));
  world.publish(other, second);
  CHECK(world.fetch() == other);
}

// ---- what an update makes of it

namespace {

class Machine : public World {
public:
  Machine()
  {
    define("X-Strake-Trust=/etc/trust\nX-Strake-Channel=stable\n");
    root.write("var/extensions/", "");
    manifest.releases.clear();
    add("1.2");
    add("1.1");
    publish(manifest);
  }

  void define(const std::string &more)
  {
    root.write("etc/sysupdate.d/hello.transfer",
               "[Source]\nType=url-file\nPath=" + url + "\nMatchPattern=hello_@v.raw\n" + more +
                   "[Target]\nType=regular-file\nPath=/var/extensions\n"
                   "MatchPattern=hello_@v.raw\n");
  }

  verity::Release &add(const std::string &version)
  {
    const std::string name = "hello_" + version + ".raw";
    const std::string content = "hello " + version;
    fetcher.objects[url + "/" + name] = content;
    manifest.releases.push_back(
        {.name = "hello",
         .version = version,
         .artifacts = {{.name = name,
                        .size = content.size(),
                        .sha256 = verity::digest_of(std::as_bytes(std::span(content)))}}});
    return manifest.releases.back();
  }

  verity::Release &release(const std::string &version)
  {
    return *std::find_if(manifest.releases.begin(),
                         manifest.releases.end(),
                         [&](const verity::Release &each) { return each.version == version; });
  }

  void publish_again()
  {
    ++manifest.sequence;
    publish(manifest);
  }

  std::string update(updater::Turn turn = updater::Turn::ignored, const std::string &version = "")
  {
    updater::UpdateOptions options;
    options.scope.turn = turn;
    options.version = version;
    try {
      return updater::update(host, options).version;
    } catch (const base::Error &error) {
      return error.what();
    }
  }

  std::string why_not(const std::string &version, updater::Turn turn = updater::Turn::ignored)
  {
    updater::UpdateOptions options;
    options.scope.turn = turn;
    const auto foreseen = updater::foresee(host, options);
    for (const auto &other : foreseen->choice.others)
      if (other.version == version)
        return other.why;
    return "";
  }
};

} // namespace

TEST_CASE("an update takes versions, sizes and hashes from the manifest and nothing else")
{
  Machine machine;
  CHECK(machine.update() == "1.2");
  CHECK(machine.root.read("var/extensions/hello_1.2.raw") == "hello 1.2");
  CHECK(std::none_of(machine.fetcher.asked.begin(),
                     machine.fetcher.asked.end(),
                     [](const std::string &asked) { return asked.ends_with("SHA256SUMS"); }));
}

TEST_CASE("not one byte more is taken than was promised")
{
  Machine machine;
  machine.release("1.2").artifacts[0].size = 5;
  machine.publish_again();
  CHECK(machine.update().find("5") != std::string::npos);
  CHECK_FALSE(machine.root.exists("var/extensions/hello_1.2.raw"));
}

TEST_CASE("what is withdrawn is not offered, and named with the reason")
{
  Machine machine;
  machine.release("1.2").withdrawn = "it loses mail";
  machine.publish_again();
  CHECK(machine.why_not("1.2") == "its publisher withdrew it: it loses mail");
  CHECK(machine.update(updater::Turn::ignored, "1.2") ==
        "Update '1.2' is withheld: its publisher withdrew it: it loses mail");
  CHECK(machine.update() == "1.1");
}

TEST_CASE("what is withdrawn stays where it is installed, and that is said")
{
  Machine machine;
  CHECK(machine.update() == "1.2");
  machine.release("1.2").withdrawn = "it loses mail";
  machine.publish_again();
  CHECK(machine.why_not("1.2") == "it is installed, but its publisher withdrew it: it loses mail");
  machine.said.clear();
  CHECK(machine.update().empty());
  CHECK(std::any_of(machine.said.begin(), machine.said.end(), [](const std::string &line) {
    return line == "1.2 is installed, but its publisher withdrew it: it loses mail; `strake "
                   "rollback` goes back to an earlier version";
  }));
  CHECK(machine.root.exists("var/extensions/hello_1.2.raw"));
}

TEST_CASE("what is installed is not said to be wrong because it does not fit a system to come")
{
  Machine machine;
  CHECK(machine.update(updater::Turn::ignored, "1.1") == "1.1");
  machine.release("1.1").fits = {{.id = "small"}};
  machine.publish_again();
  machine.said.clear();
  updater::UpdateOptions options;
  options.scope.os_release = std::map<std::string, std::string>{{"ID", "large"}};
  CHECK(updater::update(machine.host, options).version == "1.2");
  CHECK(std::none_of(machine.said.begin(), machine.said.end(), [](const std::string &line) {
    return line.find("is installed, but") != std::string::npos;
  }));
}

TEST_CASE("an artifact of another architecture or transfer is not meant")
{
  Machine machine;
  machine.release("1.2").artifacts[0].architecture = "s390x";
  machine.release("1.1").artifacts[0].transfer = "hello";
  machine.publish_again();
  CHECK(machine.update() == "1.1");
  machine.release("1.1").artifacts[0].transfer = "other";
  machine.add("1.0");
  machine.publish_again();
  CHECK(machine.why_not("1.1") == "it is installed already");
}

TEST_CASE("a name that says another version than its release is refused")
{
  Machine machine;
  machine.release("1.2").version = "1.3";
  machine.publish_again();
  CHECK(machine.update().find("mix and match: hello_1.2.raw belongs to version 1.3") !=
        std::string::npos);
}

TEST_CASE("by itself a machine waits for its turn, by hand it does not")
{
  Machine machine;
  machine.release("1.2").waves = {{.seed_end = 2048, .start = time("2026-11-20T00:00:00Z")}};
  machine.publish_again();
  CHECK(machine.why_not("1.2", updater::Turn::awaited) ==
        "its turn on this machine begins 2026-11-20T00:00:00Z");
  CHECK(machine.update(updater::Turn::awaited) == "1.1");
  const auto foreseen = updater::foresee(machine.host, {});
  REQUIRE(foreseen->choice.set != nullptr);
  CHECK(foreseen->catalog.terms_of("1.2")->turn == time("2026-11-20T00:00:00Z"));
  machine.clock.time = time("2026-11-20T00:00:00Z");
  CHECK(machine.update(updater::Turn::awaited) == "1.2");
}

TEST_CASE("a barrier is taken before what lies behind it")
{
  Machine machine;
  CHECK(machine.update(updater::Turn::ignored, "1.1") == "1.1");
  machine.add("2.0");
  machine.release("1.2").barrier = true;
  machine.publish_again();
  CHECK(machine.why_not("2.0") == "1.2 has to come before it");
  CHECK(machine.update() == "1.2");
  CHECK(machine.update() == "2.0");
}

TEST_CASE("a stale manifest is never called up to date")
{
  Machine machine;
  CHECK(machine.update() == "1.2");
  machine.clock.time = time("2026-12-02T00:00:00Z");
  CHECK(machine.update().find("freeze") != std::string::npos);
}

TEST_CASE("what is wrong about trust is never passed over")
{
  Machine machine;
  const auto refusal = [&](const std::string &more) {
    machine.define(more);
    return machine.update();
  };
  CHECK(refusal("X-Strake-Trust=etc/trust\n").find("X-Strake-Trust= must be the path") !=
        std::string::npos);
  CHECK(refusal("X-Strake-Trust=/etc/../trust\n").find("X-Strake-Trust= must be the path") !=
        std::string::npos);
  CHECK(refusal("X-Strake-Channel=stable\n").find("needs X-Strake-Trust=") != std::string::npos);
  CHECK(refusal("X-Strake-Trust=/etc/trust\nX-Strake-Channel=a b\n")
            .find("X-Strake-Channel= takes letters") != std::string::npos);
  CHECK(refusal("X-Strake-Trsut=/etc/trust\n").find("X-Strake-Trsut= is not known") !=
        std::string::npos);
  CHECK(refusal("X-Strake-Trust=/etc/nothing\n").find("there is no ") != std::string::npos);
}

TEST_SUITE_END();
