// SPDX-License-Identifier: Apache-2.0
#include "bakery/collect.hpp"
#include "bakery/mirror.hpp"
#include "bakery/publish.hpp"
#include "bakery/root_rotation.hpp"
#include "base/error.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <functional>

TEST_SUITE_BEGIN("bakery/mirror");

using Names = std::vector<std::string>;

namespace {

const std::string url = "https://example.org/ext";

/// A publisher whose repository is on a server, and a mirror of it.
struct Two {
  support::TestHost publisher;
  support::TestHost machine;
  bakery::SigningKey key = bakery::SigningKey::generate();

  Two() { set_time(0); }

  void set_time(int days)
  {
    publisher.clock.time = machine.clock.time =
        std::chrono::sys_days(std::chrono::year{2026} / 5 / 1) + std::chrono::days(days);
  }

  void publish(const std::string &file,
               const std::string &text,
               bakery::Channel channel = bakery::Channel::stable)
  {
    publisher.root.write("new/" + file, text);
    bakery::PublishRequest wanted{request()};
    wanted.directories = {publisher.root.path() + "/new"};
    wanted.lint = bakery::Lint::left_out;
    wanted.channel = channel;
    (void)bakery::publish(publisher.host, wanted);
    upload();
  }

  [[nodiscard]] bakery::RepositoryRequest request() const
  {
    return {.repository = "/repository",
            .keys = {.keys = {&key}, .gpg_key = {}},
            .valid_for = std::chrono::hours(24 * 30),
            .url = url};
  }

  void withdraw(const std::string &name, const std::string &version)
  {
    (void)bakery::withdraw(publisher.host, {request(), name, version, "old"});
    upload();
  }

  /// The server has the repository as it is now.
  void upload()
  {
    machine.fetcher.objects.clear();
    const base::Dir repository = publisher.root.dir().dir("repository");
    for (const base::DirEntry &entry : repository.entries())
      if (entry.name != ".strake" && S_ISREG(repository.target_status(entry.name)->st_mode))
        put(entry.name, repository.text(entry.name).value());
    if (const auto candidate = repository.find_dir("candidate"))
      for (const char *file : {"manifest.json", "manifest.json.minisig", "SHA256SUMS"})
        put(std::string("candidate/") + file, candidate->text(file).value());
  }

  void put(const std::string &path, const std::string &text)
  {
    machine.fetcher.objects[url + "/" + path] = text;
    machine.fetcher.etags[url + "/" + path] =
        "\"" + verity::hex(verity::digest_of(std::as_bytes(std::span(text)))) + "\"";
  }

  bakery::Mirrored mirror(bakery::Doing doing = bakery::Doing::perform)
  {
    return bakery::mirror(machine.host,
                          {.source = url,
                           .repository = "/mirror",
                           .trust = {.keys = {.keys = {key.public_key()}}, .root = {}},
                           .url = "https://mirror.example",
                           .doing = doing});
  }

  std::string refusal()
  {
    try {
      (void)mirror();
    } catch (const base::Error &error) {
      return std::string(base::name(error.kind())) + ": " + error.what();
    }
    return "accepted";
  }

  [[nodiscard]] std::string read(const std::string &path) const
  {
    return machine.root.read("mirror/" + path);
  }

  [[nodiscard]] bool has(const std::string &path) const
  {
    return machine.root.dir().target_status("mirror/" + path).has_value();
  }

  Names collect(int days, bakery::Doing doing = bakery::Doing::perform)
  {
    Names found;
    for (const auto &each : bakery::collect(
             publisher.host,
             {.repository = "/repository", .older_than = std::chrono::days(days), .doing = doing}))
      found.push_back(each.file);
    return found;
  }
};

bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a mirror has the content, the signatures as they are, and pages of its own")
{
  Two two;
  two.publish("hello_1.raw", "image");
  const auto done = two.mirror();
  CHECK(done.sequence == 1);
  CHECK(done.fetched == Names{"hello_1.raw"});
  CHECK(done.bytes == 5);
  CHECK(two.read("hello_1.raw") == "image");
  for (const char *file : {"manifest.json", "manifest.json.minisig", "SHA256SUMS"})
    CHECK(two.read(file) == two.publisher.root.read(std::string("repository/") + file));
  CHECK(contains(two.read("extensions/hello.transfer"), "Path=https://mirror.example\n"));
}

TEST_CASE("only what is new is fetched, and nothing is done where nothing is new")
{
  Two two;
  two.publish("hello_1.raw", "image 1");
  (void)two.mirror();
  two.publish("hello_2.raw", "image 2");
  CHECK(two.mirror().fetched == Names{"hello_2.raw"});
  const auto before = two.machine.root.dir().target_status("mirror/manifest.json")->st_ino;
  CHECK(two.mirror().fetched.empty());
  CHECK(two.machine.root.dir().target_status("mirror/manifest.json")->st_ino == before);
}

TEST_CASE("to tell what would be mirrored makes nothing")
{
  Two two;
  two.publish("hello_1.raw", "image");
  CHECK(two.mirror(bakery::Doing::tell).fetched == Names{"hello_1.raw"});
  CHECK_FALSE(two.machine.root.exists("mirror"));
}

TEST_CASE("candidates are mirrored too, their content once")
{
  Two two;
  two.publish("hello_1.raw", "image 1");
  two.publish("hello_2.raw", "image 2", bakery::Channel::candidate);
  CHECK(two.mirror().fetched == Names{"hello_1.raw", "hello_2.raw"});
  CHECK(two.read("candidate/hello_2.raw") == "image 2");
  CHECK_FALSE(contains(two.read("SHA256SUMS"), "hello_2.raw"));
}

TEST_CASE("a download that was cut is gone on with")
{
  Two two;
  two.publish("hello_1.raw", "a longer image");
  two.machine.fetcher.cuts[url + "/hello_1.raw"] = 6;
  CHECK(contains(two.refusal(), "network: "));
  CHECK_FALSE(two.has("hello_1.raw"));
  CHECK_FALSE(two.has("manifest.json"));
  (void)two.mirror();
  CHECK(two.machine.fetcher.answered_from[url + "/hello_1.raw"] == 6);
  CHECK(two.read("hello_1.raw") == "a longer image");
}

TEST_CASE("what a cut run got and spoilt is fetched from its start")
{
  Two two;
  two.publish("hello_1.raw", "a longer image");
  two.machine.fetcher.cuts[url + "/hello_1.raw"] = 6;
  (void)two.refusal();
  two.machine.root.write("mirror/.strake/incoming/hello_1.raw", "xxxxxx");
  (void)two.mirror();
  CHECK(two.read("hello_1.raw") == "a longer image");
}

TEST_CASE("content that is not as signed is not kept, and nothing is published")
{
  Two two;
  two.publish("hello_1.raw", "image");
  for (const char *wrong : {"imagf", "imag", ""}) {
    two.put("hello_1.raw", wrong);
    CHECK(contains(two.refusal(), "untrusted: "));
    CHECK_FALSE(two.has(".strake/incoming/hello_1.raw"));
    CHECK_FALSE(two.has("manifest.json"));
  }
  two.put("hello_1.raw", "images");
  CHECK(two.refusal() != "accepted");
  two.machine.fetcher.objects.erase(url + "/hello_1.raw");
  CHECK(contains(two.refusal(), "not_found: "));
}

TEST_CASE("damaged content of a mirror is fetched again")
{
  Two two;
  two.publish("hello_1.raw", "image");
  (void)two.mirror();
  two.machine.root.write("mirror/hello_1.raw", "imagf");
  CHECK(two.mirror().fetched == Names{"hello_1.raw"});
  CHECK(two.read("hello_1.raw") == "image");
}

TEST_CASE("lists that are forged, old, ended, exchanged or of others are refused")
{
  Two two;
  two.publish("hello_1.raw", "image");
  const auto first = two.machine.fetcher.objects;
  const auto candidate_for_stable = [&] {
    two.put("manifest.json", two.machine.fetcher.objects[url + "/candidate/manifest.json"]);
    two.put("manifest.json.minisig",
            two.machine.fetcher.objects[url + "/candidate/manifest.json.minisig"]);
  };
  two.put("manifest.json", two.publisher.root.read("repository/manifest.json") + " ");
  CHECK(contains(two.refusal(), "untrusted: "));
  two.upload();
  (void)two.mirror();
  two.publish("hello_2.raw", "image 2", bakery::Channel::candidate);
  (void)two.mirror();
  two.machine.fetcher.objects = first;
  CHECK(contains(two.refusal(), "stale: list 1 is offered, and the mirror has list 2 already"));
  two.upload();
  candidate_for_stable();
  CHECK(contains(two.refusal(), "is of the channel candidate"));
  two.upload();
  two.set_time(31);
  CHECK(contains(two.refusal(), "stale: list 2 of example.org-ext ended on 2026-05-31"));
  two.set_time(0);
  const Two others;
  two.key = bakery::SigningKey::generate();
  CHECK(contains(two.refusal(), "untrusted: "));
}

TEST_CASE("a list and a signature of two issues are asked for once more")
{
  Two two;
  two.publish("hello_1.raw", "image");
  const std::string old = two.machine.fetcher.objects[url + "/manifest.json"];
  two.publish("hello_2.raw", "image 2");
  const std::string present = two.machine.fetcher.objects[url + "/manifest.json"];
  two.put("manifest.json", old);
  int asked = 0;
  two.machine.fetcher.before_answer = [&](const std::string &asked_for) {
    if (asked_for == url + "/manifest.json" && ++asked == 2)
      two.put("manifest.json", present);
  };
  CHECK(two.mirror().sequence == 2);
}

TEST_CASE("no bit of a list or its signature can be another")
{
  Two two;
  two.publish("hello_1.raw", "image");
  for (const char *file : {"manifest.json", "manifest.json.minisig"}) {
    const std::string good = two.machine.fetcher.objects[url + "/" + file];
    const std::size_t start = file == std::string("manifest.json") ? 0 : good.find('\n') + 1;
    for (std::size_t n = start; n + 1 < good.size(); n += 7) {
      std::string wrong = good;
      wrong[n] = static_cast<char>(wrong[n] ^ 1);
      two.put(file, wrong);
      CHECK_MESSAGE(contains(two.refusal(), "untrusted: "), file << " byte " << n);
    }
    two.put(file, good);
  }
}

TEST_CASE("content goes once no list has named it for long, and not before")
{
  Two two;
  two.publish("hello_1.raw", "image 1");
  two.publish("hello_2.raw", "image 2");
  two.withdraw("hello", "1");
  two.set_time(29);
  CHECK(two.collect(30).empty());
  two.set_time(30);
  CHECK(two.collect(30, bakery::Doing::tell) == Names{"hello_1.raw"});
  CHECK(two.publisher.root.exists("repository/hello_1.raw"));
  CHECK(two.collect(30) == Names{"hello_1.raw"});
  CHECK_FALSE(two.publisher.root.exists("repository/hello_1.raw"));
  CHECK(two.publisher.root.exists("repository/hello_2.raw"));
  two.publisher.root.write("new/hello_1.raw", "other");
  CHECK_THROWS_AS(two.publish("hello_1.raw", "other"), base::Error);
  two.publish("hello_1.raw", "image 1");
  CHECK(two.publisher.root.read("repository/hello_1.raw") == "image 1");
}

TEST_CASE("what a cut run left is collected by its own age, and other files never")
{
  Two two;
  two.publish("hello_1.raw", "image 1");
  two.publisher.root.write("repository/left_1.raw", "never published");
  two.publisher.root.write("repository/robots.txt", "of the administrator");
  two.publisher.clock.time = std::chrono::floor<std::chrono::seconds>(
      std::chrono::system_clock::now() + std::chrono::days(29));
  CHECK(two.collect(30).empty());
  two.publisher.clock.time += std::chrono::days(2);
  CHECK(two.collect(30) == Names{"left_1.raw"});
  CHECK(two.publisher.root.exists("repository/robots.txt"));
}

TEST_CASE("parts of downloads that no run has gone on with are collected by their age")
{
  Two two;
  two.publish("hello_1.raw", "image 1");
  two.publisher.root.write("repository/.strake/incoming/hello_2.raw", "half");
  two.publisher.root.write("repository/.strake/incoming/hello_2.raw.validator", "x");
  two.publisher.clock.time = std::chrono::floor<std::chrono::seconds>(
      std::chrono::system_clock::now() + std::chrono::days(29));
  CHECK(two.collect(30).empty());
  two.publisher.clock.time += std::chrono::days(2);
  const Names left{".strake/incoming/hello_2.raw", ".strake/incoming/hello_2.raw.validator"};
  CHECK(two.collect(30, bakery::Doing::tell) == left);
  CHECK(two.collect(30) == left);
  CHECK(two.publisher.root.dir().dir("repository/.strake/incoming").entries().empty());
}

TEST_CASE("a directory that is no repository stays as it is when it is to be collected")
{
  Two two;
  two.publisher.root.write("repository/notes_1.raw", "of somebody");
  CHECK_THROWS_WITH_AS(two.collect(0), "/repository is no repository", base::Error);
  CHECK_FALSE(two.publisher.root.exists("repository/.strake"));
}

namespace {

/// The same with a root that says who signs.
struct TwoWithRoot : Two {
  bakery::SigningKey root_key = bakery::SigningKey::generate();
  bakery::SigningKey next_key = bakery::SigningKey::generate();

  TwoWithRoot()
  {
    publisher.root.write("keys/", "");
    rotate({.repository = "example.org",
            .root_keys = {root_key.public_key()},
            .release_keys = {key.public_key()}});
    publisher.root.write("new/hello_1.raw", "image 1");
    publish_by(key);
  }

  void rotate(const bakery::RootChange &change) const
  {
    bakery::rotate(
        publisher.host,
        {.directory = publisher.root.path() + "/keys", .change = change, .key = &root_key});
  }

  void publish_by(const bakery::SigningKey &signer)
  {
    bakery::PublishRequest wanted{request()};
    wanted.keys.keys = {&signer};
    wanted.keys_directory = publisher.root.path() + "/keys";
    wanted.directories = {publisher.root.path() + "/new"};
    wanted.lint = bakery::Lint::left_out;
    (void)bakery::publish(publisher.host, wanted);
    upload();
  }

  std::string mirror_by(const std::string &root)
  {
    try {
      const auto done = bakery::mirror(
          machine.host,
          {.source = url,
           .repository = "/mirror",
           .trust = {.keys = {}, .root = verity::parse_trust_root(publisher.root.read(root), root)},
           .url = "https://mirror.example"});
      return std::to_string(done.sequence);
    } catch (const base::Error &error) {
      return std::string(base::name(error.kind())) + ": " + error.what();
    }
  }
};

} // namespace

TEST_CASE("a mirror that believes a root follows its keys, and has all versions of it")
{
  TwoWithRoot two;
  CHECK(two.mirror_by("keys/1.root.json") == "1");
  two.rotate({.release_keys = {two.next_key.public_key()}, .retired = {two.key.public_key()}});
  two.publish_by(two.next_key);
  CHECK(two.mirror_by("keys/1.root.json") == "2");
  CHECK(two.mirror_by("keys/2.root.json") == "2");
  for (const char *file : {"1.root.json", "2.root.json", "2.root.json.minisig", "root.json"})
    CHECK(two.read(file) == two.publisher.root.read(std::string("repository/") + file));
  CHECK(two.read("minisign.pub") == verity::file_text(two.next_key.public_key()));
}

TEST_CASE("a mirror that believes a root takes no list of another one, nor past its end")
{
  TwoWithRoot two;
  const TwoWithRoot other;
  two.publisher.root.write("other.json", other.publisher.root.read("keys/1.root.json"));
  CHECK(contains(two.mirror_by("other.json"), "untrusted: "));
  two.set_time(366);
  CHECK(contains(two.mirror_by("keys/1.root.json"), "stale: version 1 of the root was good until"));
  CHECK_FALSE(two.has("manifest.json"));
}
