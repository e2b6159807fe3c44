// SPDX-License-Identifier: Apache-2.0
#include "bakery/publish.hpp"
#include "bakery/root_rotation.hpp"
#include "base/error.hpp"
#include "support/gpg_home.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

TEST_SUITE_BEGIN("bakery/publish");

using bakery::Channel;
using bakery::Publication;
using bakery::PublishRequest;

namespace {

using Names = std::vector<std::string>;

/// A publisher with a repository at /repository and new files in /new.
struct Publisher {
  support::TestHost machine;
  bakery::SigningKey key = bakery::SigningKey::generate();
  std::string gpg_key;

  Publisher() { machine.clock.time = std::chrono::sys_days(std::chrono::year{2026} / 5 / 1); }

  [[nodiscard]] bakery::RepositoryRequest request() const
  {
    return {.repository = "/repository",
            .keys = {.keys = {&key}, .gpg_key = gpg_key},
            .valid_for = std::chrono::hours(24 * 30),
            .url = "https://example.org/ext"};
  }

  [[nodiscard]] PublishRequest publish_request() const
  {
    PublishRequest wanted{request()};
    wanted.directories = {machine.root.path() + "/new"};
    wanted.lint = bakery::Lint::left_out;
    return wanted;
  }

  void make(const std::string &file, const std::string &text) const
  {
    machine.root.write("new/" + file, text);
  }

  Publication publish(Channel channel = Channel::stable)
  {
    PublishRequest wanted = publish_request();
    wanted.channel = channel;
    machine.clock.time += std::chrono::hours(1);
    return bakery::publish(machine.host, wanted);
  }

  [[nodiscard]] bakery::VersionRequest version(const std::string &name,
                                               const std::string &number) const
  {
    return {request(), name, number, "it eats files"};
  }

  [[nodiscard]] bakery::Index index() const
  {
    const base::Dir repository = machine.root.dir().dir("repository");
    return bakery::read_signed_index(
               [&](const std::string &path) { return bakery::read_index_file(repository, path); },
               {.keys = {key.public_key()}})
        .value()
        .index;
  }

  [[nodiscard]] std::string read(const std::string &path) const
  {
    return machine.root.read("repository/" + path);
  }

  [[nodiscard]] bool has(const std::string &path) const
  {
    return machine.root.dir().target_status("repository/" + path).has_value();
  }
};

std::string refusal(const std::function<void()> &action)
{
  try {
    action();
  } catch (const base::Error &error) {
    return std::string(base::name(error.kind())) + ": " + error.what();
  }
  return "accepted";
}

bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

Names names(const std::vector<bakery::OfferedFile> &files)
{
  Names found;
  for (const auto &file : files)
    found.push_back(file.name.file);
  return found;
}

} // namespace

TEST_CASE("what is published is there, named by a signed list, and by pages and definitions")
{
  Publisher publisher;
  publisher.make("hello_1_x86-64.raw", "image");
  publisher.make("hello_1_x86-64.spdx.json", R"({"packages":[{"description":"says hello"}]})");
  const Publication done = publisher.publish();
  CHECK(done.sequence == 1);
  CHECK(done.added == Names{"hello_1_x86-64.raw", "hello_1_x86-64.spdx.json"});
  CHECK(publisher.read("hello_1_x86-64.raw") == "image");
  const bakery::Index index = publisher.index();
  CHECK(index.repository == "example.org-ext");
  REQUIRE(index.stable.size() == 1);
  CHECK(index.stable[0].description == "says hello");
  CHECK(index.stable[0].added == 1);
  CHECK(index.stable[0].published == publisher.machine.clock.time);
  CHECK(contains(publisher.read("SHA256SUMS"), " *hello_1_x86-64.raw\n"));
  CHECK(contains(publisher.read("SHA256SUMS"), " *manifest.json\n"));
  CHECK(contains(publisher.read("SHA256SUMS"), " *BEST-BEFORE-2026-05-31\n"));
  CHECK(contains(publisher.read("index.html"), "says hello"));
  CHECK(contains(publisher.read("extensions/hello.transfer"), "Path=https://example.org/ext\n"));
  CHECK_FALSE(publisher.has("candidate"));
  CHECK_FALSE(publisher.has("SHA256SUMS.gpg"));
}

TEST_CASE("the parts of a system are one release, by which no extension is installed")
{
  Publisher publisher;
  const std::string root = "os_1_0f5d9e6c-1a2b-4c3d-8e4f-a0b1c2d3e4f5.root.xz";
  publisher.make(root, "root");
  publisher.make("os_1_a0b1c2d3-1a2b-4c3d-8e4f-0f5d9e6c1a2b.verity.xz", "tree");
  publisher.make("os_1.efi.xz", "entry");
  publisher.make("os_1.spdx.json", R"({"packages":[{"description":"a system"}]})");
  publisher.publish();
  const bakery::Index index = publisher.index();
  REQUIRE(index.stable.size() == 1);
  CHECK(index.stable[0].name == "os");
  CHECK(index.stable[0].version == "1");
  CHECK(index.stable[0].kind == verity::ReleaseKind::os);
  CHECK(index.stable[0].description == "a system");
  CHECK(index.stable[0].artifacts.size() == 4);
  CHECK(contains(publisher.read("SHA256SUMS"), " *" + root + "\n"));
  CHECK(contains(publisher.read("index.html"), "a system"));
  CHECK_FALSE(publisher.has("extensions/os.transfer"));
}

TEST_CASE("lists are uploaded after what they name, and after their signatures")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  const Names order = publisher.publish().upload;
  REQUIRE(order.size() > 4);
  CHECK(order.front() == "hello_1.raw");
  CHECK(Names(order.end() - 3, order.end()) ==
        Names{"SHA256SUMS", "manifest.json.minisig", "manifest.json"});
  publisher.make("hello_2.raw", "image 2");
  const Names second = publisher.publish().upload;
  CHECK(std::find(second.begin(), second.end(), "hello_1.raw") == second.end());
  CHECK(std::find(second.begin(), second.end(), "extensions/hello.feature") == second.end());
}

TEST_CASE("a published name never changes its bytes, also not after it was withdrawn")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  publisher.make("hello_1.raw", "other");
  const auto publish = [&] { publisher.publish(); };
  CHECK(contains(refusal(publish), "config: "));
  CHECK(contains(refusal(publish), "hello_1.raw was published before with other bytes"));
  (void)bakery::withdraw(publisher.machine.host, publisher.version("hello", "1"));
  CHECK(contains(refusal(publish), "was published before with other bytes"));
  CHECK(publisher.read("hello_1.raw") == "image");
  publisher.make("hello_1.raw", "image");
  CHECK_NOTHROW(publish());
}

TEST_CASE("what was withdrawn stays so, though its files still lie where they are published from")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image 1");
  publisher.make("hello_2.raw", "image 2");
  publisher.publish();
  (void)bakery::withdraw(publisher.machine.host, publisher.version("hello", "2"));
  publisher.make("hello_3.raw", "image 3");
  const Publication done = publisher.publish();
  CHECK(done.added == Names{"hello_3.raw"});
  CHECK(done.unchanged == Names{"hello_1.raw"});
  CHECK_FALSE(contains(publisher.read("SHA256SUMS"), "hello_2.raw"));
  CHECK(contains(publisher.read("manifest.json"), "it eats files"));
  CHECK(contains(publisher.machine.said.back(), "hello_2.raw stays withdrawn (it eats files)"));
}

TEST_CASE("publishing the same again issues the list anew, with nothing copied or read")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  const auto before = publisher.machine.root.dir().status("repository/hello_1.raw")->st_ino;
  const Publication again = publisher.publish();
  CHECK(again.sequence == 2);
  CHECK(again.added.empty());
  CHECK(again.unchanged == Names{"hello_1.raw"});
  CHECK(publisher.machine.root.dir().status("repository/hello_1.raw")->st_ino == before);
}

TEST_CASE("content that is gone or has changed since is no longer published as if nothing was")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  publisher.machine.root.write("repository/hello_1.raw", "imagf");
  CHECK(contains(refusal([&] { publisher.publish(); }), "untrusted: "));
  publisher.machine.sys.remove(
      publisher.machine.root.dir().dir("repository"), "hello_1.raw", base::Remove::file);
  CHECK(contains(refusal([&] { publisher.publish(); }), "not_found: "));
  CHECK(publisher.index().sequence == 1);
  (void)bakery::withdraw(publisher.machine.host, publisher.version("hello", "1"));
  CHECK(publisher.index().files(Channel::stable).empty());
}

TEST_CASE("a touched file is read once more, and no more than that")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  publisher.machine.root.write("repository/hello_1.raw", "image");
  CHECK(publisher.publish().unchanged == Names{"hello_1.raw"});
}

TEST_CASE("another key does not take a repository over")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  publisher.key = bakery::SigningKey::generate();
  CHECK(
      contains(refusal([&] { publisher.publish(); }), "untrusted: manifest.json: unknown signer"));
}

namespace {

/// A publisher whose keys can change: one person may change them, at /keys.
struct RootedPublisher : Publisher {
  bakery::SigningKey root_key = bakery::SigningKey::generate();
  bakery::SigningKey next_key = bakery::SigningKey::generate();

  RootedPublisher()
  {
    machine.root.write("keys/README", "");
    rotate({.repository = "example.org",
            .root_keys = {root_key.public_key()},
            .release_keys = {key.public_key()}});
    make("hello_1.raw", "image");
  }

  void rotate(const bakery::RootChange &change) const
  {
    bakery::rotate(machine.host, {.directory = keys(), .change = change, .key = &root_key});
  }

  /// The key that signs goes, and another one comes.
  void retire() const
  {
    rotate({.release_keys = {next_key.public_key()}, .retired = {key.public_key()}});
  }

  [[nodiscard]] std::string keys() const { return machine.root.path() + "/keys"; }

  Publication publish_with(const bakery::SigningKey &signer, const std::string &directory)
  {
    PublishRequest wanted = publish_request();
    wanted.keys.keys = {&signer};
    wanted.keys_directory = directory;
    machine.clock.time += std::chrono::hours(1);
    return bakery::publish(machine.host, wanted);
  }
};

} // namespace

TEST_CASE("versions of the root are published with the list that goes by them, and stay")
{
  RootedPublisher publisher;
  const Names order = publisher.publish_with(publisher.key, publisher.keys()).upload;
  const auto place = [&](const std::string &file) {
    return std::find(order.begin(), order.end(), file) - order.begin();
  };
  CHECK(place("1.root.json.minisig") < place("1.root.json"));
  CHECK(place("1.root.json") < place("manifest.json.minisig"));
  CHECK(publisher.index().repository == "example.org");
  CHECK(publisher.index().roots.size() == 1);
  publisher.publish(Channel::candidate);
  for (const std::string file : {"1.root.json", "1.root.json.minisig", "root.json"})
    for (const std::string channel : {"", "candidate/"})
      CHECK(publisher.read(channel + file) == publisher.machine.root.read("keys/" + file));
  CHECK(contains(publisher.read("candidate/manifest.json"), "\"keys\":1"));
}

TEST_CASE("a key that the root names takes over what the one before has signed, and no other does")
{
  RootedPublisher publisher;
  publisher.publish_with(publisher.key, publisher.keys());
  publisher.retire();
  CHECK(contains(refusal([&] { publisher.publish_with(publisher.next_key, ""); }),
                 "untrusted: manifest.json: unknown signer"));
  CHECK(contains(refusal([&] { publisher.publish_with(publisher.key, publisher.keys()); }),
                 "usage: version 2 of the root does not have the key"));
  const auto stranger = bakery::SigningKey::generate();
  CHECK(contains(refusal([&] { publisher.publish_with(stranger, publisher.keys()); }),
                 "usage: version 2 of the root does not have the key"));
  CHECK(publisher.index().roots.size() == 1);

  publisher.publish_with(publisher.next_key, publisher.keys());
  publisher.key = std::move(publisher.next_key);
  publisher.publish(); // without them from now on
  CHECK(publisher.index().roots.size() == 2);
  CHECK(publisher.read("root.json") == publisher.read("2.root.json"));
}

TEST_CASE("where the root has several keys sign, as many have to, and all signatures are published")
{
  RootedPublisher publisher;
  const auto third = bakery::SigningKey::generate();
  publisher.rotate({.release_keys = {publisher.next_key.public_key(), third.public_key()},
                    .release_threshold = 2});
  PublishRequest wanted = publisher.publish_request();
  wanted.keys_directory = publisher.keys();
  const auto publish_by = [&](const std::vector<const bakery::SigningKey *> &keys) {
    wanted.keys.keys = keys;
    publisher.machine.clock.time += std::chrono::hours(1);
    return bakery::publish(publisher.machine.host, wanted);
  };
  CHECK(contains(refusal([&] { publish_by({&publisher.key}); }),
                 "usage: version 2 of the root has 2 keys sign each list, and here are 1"));
  CHECK(contains(refusal([&] { publish_by({&third, &third}); }), "and here are 1"));
  CHECK(contains(refusal([&] { publish_by({&third, &publisher.root_key}); }),
                 "does not have the key"));
  CHECK_FALSE(publisher.machine.root.exists("repository/manifest.json"));
  publish_by({&third, &publisher.key});
  const verity::KeySet both{.keys = {publisher.key.public_key(), third.public_key()},
                            .threshold = 2};
  CHECK_FALSE(verity::refusal_of(
      publisher.read("manifest.json"), publisher.read("manifest.json.minisig"), both));
  CHECK(publisher.read("minisign.pub") == verity::file_text(third.public_key()));
  publish_by({&publisher.key, &publisher.next_key}); // others of them go on
  CHECK(publisher.index().sequence == 2);
}

TEST_CASE("without a root one key signs")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  const auto other = bakery::SigningKey::generate();
  PublishRequest wanted = publisher.publish_request();
  wanted.keys.keys.push_back(&other);
  CHECK(contains(refusal([&] { bakery::publish(publisher.machine.host, wanted); }),
                 "usage: without a root.json one key signs"));
}

TEST_CASE("roots that are not those of the repository, or have ended, are not published")
{
  RootedPublisher publisher;
  publisher.publish_with(publisher.key, publisher.keys());
  const RootedPublisher other;
  CHECK(contains(refusal([&] { publisher.publish_with(publisher.key, other.keys()); }),
                 "do not go on from them"));
  CHECK(contains(refusal([&] {
                   publisher.publish_with(publisher.key, publisher.machine.root.path() + "/new");
                 }),
                 "not_found: there is no"));
  Publisher named;
  named.make("hello_1.raw", "image");
  named.publish();
  PublishRequest wanted = named.publish_request();
  wanted.keys.keys = {&publisher.key};
  wanted.keys_directory = publisher.keys();
  CHECK(contains(refusal([&] { bakery::publish(named.machine.host, wanted); }),
                 "untrusted: manifest.json: unknown signer"));
  publisher.machine.clock.time += std::chrono::hours(24 * 366);
  CHECK(contains(refusal([&] { publisher.publish(); }), "stale: version 1 of the root was good"));
}

TEST_CASE("what cannot be published is named, with what to do")
{
  Publisher publisher;
  publisher.make("README", "text");
  CHECK(contains(refusal([&] { publisher.publish(); }),
                 "README is not named as published files are"));
  Publisher lonely;
  lonely.make("hello_1.roothash", "00");
  CHECK(contains(refusal([&] { lonely.publish(); }), "belongs to an image hello_1"));
  Publisher twice;
  twice.make("hello_1.raw", "image");
  PublishRequest request = twice.publish_request();
  request.directories.push_back(request.directories.front());
  CHECK(contains(refusal([&] { (void)bakery::publish(twice.machine.host, request); }),
                 "have the same name"));
  Publisher nameless;
  nameless.make("hello_1.raw", "image");
  request = nameless.publish_request();
  request.url.clear();
  CHECK(
      contains(refusal([&] { (void)bakery::publish(nameless.machine.host, request); }), "--url="));
}

TEST_CASE("the URL and the name of a repository are kept")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  PublishRequest request = publisher.publish_request();
  request.url.clear();
  (void)bakery::publish(publisher.machine.host, request);
  CHECK(contains(publisher.read("extensions/hello.transfer"), "Path=https://example.org/ext\n"));
  request.url = "https://other.example";
  (void)bakery::publish(publisher.machine.host, request);
  CHECK(contains(publisher.read("extensions/hello.transfer"), "Path=https://other.example\n"));
  CHECK(publisher.index().repository == "example.org-ext");
  request.name = "another";
  CHECK(contains(refusal([&] { (void)bakery::publish(publisher.machine.host, request); }),
                 "usage: the repository is called example.org-ext"));
}

TEST_CASE("to tell what would be published changes nothing")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  PublishRequest request = publisher.publish_request();
  request.doing = bakery::Doing::tell;
  CHECK(bakery::publish(publisher.machine.host, request).added == Names{"hello_1.raw"});
  CHECK_FALSE(publisher.machine.root.exists("repository"));
  publisher.publish();
  publisher.make("hello_2.raw", "image 2");
  const Publication told = bakery::publish(publisher.machine.host, request);
  CHECK(told.sequence == 2);
  CHECK(told.added == Names{"hello_2.raw"});
  CHECK(publisher.index().sequence == 1);
  CHECK_FALSE(publisher.has("hello_2.raw"));
}

TEST_CASE("of two publishers the second is told so at once")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  const base::Dir records = publisher.machine.root.dir().dir("repository/.strake");
  REQUIRE(publisher.machine.sys.try_lock(records.fd()));
  CHECK(contains(refusal([&] { publisher.publish(); }), "busy: another strake"));
}

TEST_CASE("a candidate is seen by testers only, until it is promoted")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image 1");
  publisher.publish();
  publisher.make("hello_2.raw", "image 2");
  publisher.publish(Channel::candidate);
  CHECK(names(publisher.index().files(Channel::stable)) == Names{"hello_1.raw"});
  CHECK_FALSE(contains(publisher.read("SHA256SUMS"), "hello_2.raw"));
  CHECK(contains(publisher.read("candidate/SHA256SUMS"), "hello_2.raw"));
  CHECK(publisher.read("candidate/hello_2.raw") == "image 2");
  CHECK_FALSE(contains(publisher.read("extensions/hello.html"), "hello_2.raw"));

  publisher.machine.fetcher.objects["https://example.org/ext/hello_1.raw"] = "image 1";
  publisher.machine.fetcher.objects["https://example.org/ext/hello_2.raw"] = "image 2";
  publisher.machine.fetcher.etags["https://example.org/ext/hello_1.raw"] = "\"1\"";
  publisher.machine.fetcher.etags["https://example.org/ext/hello_2.raw"] = "\"2\"";
  (void)bakery::promote(publisher.machine.host, publisher.version("hello", "2"));
  CHECK(names(publisher.index().files(Channel::stable)) == Names{"hello_1.raw", "hello_2.raw"});
  CHECK(names(publisher.index().files(Channel::candidate)).back() == "hello_2.raw");

  publisher.make("hello_3.raw", "image 3");
  publisher.publish(Channel::candidate);
  CHECK(names(publisher.index().files(Channel::candidate)) == Names{"hello_3.raw"});
}

TEST_CASE("only what the server gives, byte for byte and in ranges, is promoted")
{
  const std::string url = "https://example.org/ext/hello_1.raw";
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish(Channel::candidate);
  auto &server = publisher.machine.fetcher;
  const auto promote = [&] {
    return refusal(
        [&] { (void)bakery::promote(publisher.machine.host, publisher.version("hello", "1")); });
  };
  CHECK(contains(promote(), "not_found: " + url));
  server.etags[url] = "\"1\"";
  for (const char *wrong : {"imagf", "imag", "Image"}) {
    server.objects[url] = wrong;
    CHECK(contains(promote(), "untrusted: "));
  }
  server.objects[url] = "images";
  CHECK(promote() != "accepted");
  server.objects[url] = "image";
  server.etags.erase(url);
  CHECK(contains(promote(), "neither ETag nor Last-Modified"));
  server.etags[url] = "\"1\"";
  CHECK(publisher.index().files(Channel::stable).empty());
  CHECK(promote() == "accepted");
  CHECK(server.answered_from[url] == 2);
  CHECK(contains(promote(), "accepted"));
  CHECK(contains(refusal([&] {
                   (void)bakery::promote(publisher.machine.host, publisher.version("hello", "9"));
                 }),
                 "the channel candidate has no version 9 of hello; it has 1"));
}

TEST_CASE("what was withdrawn is offered to nobody, with the reason, and its bytes stay")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image 1");
  publisher.make("hello_2.raw", "image 2");
  publisher.publish();
  const Publication done =
      bakery::withdraw(publisher.machine.host, publisher.version("hello", "2"));
  CHECK(done.withdrawn == Names{"hello_2.raw"});
  CHECK_FALSE(contains(publisher.read("SHA256SUMS"), "hello_2.raw"));
  CHECK_FALSE(contains(publisher.read("index.html"), ">2<"));
  CHECK(contains(publisher.read("manifest.json"), "it eats files"));
  CHECK(publisher.read("hello_2.raw") == "image 2");
  CHECK(contains(refusal([&] {
                   (void)bakery::withdraw(publisher.machine.host, publisher.version("hello", "2"));
                 }),
                 "not_found: the channel stable has no version 2 of hello; it has 1"));
}

TEST_CASE("each index is issued after the one before, whatever the clock says")
{
  Publisher publisher;
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  const auto first = publisher.index().issued;
  publisher.machine.clock.time -= std::chrono::hours(48);
  publisher.publish();
  CHECK(publisher.index().issued == first + std::chrono::seconds(1));
}

TEST_CASE("gpg signs for systemd's tools, and its key is signed by ours")
{
  support::GpgHome home;
  home.make_key("publisher");
  Publisher publisher;
  publisher.machine.host.environment["GNUPGHOME"] = home.path("");
  publisher.gpg_key = "publisher";
  publisher.make("hello_1.raw", "image");
  publisher.publish();
  CHECK(publisher.read("import-pubring.gpg") == home.public_key("publisher"));
  CHECK(publisher.has("import-pubring.gpg.minisig"));
  CHECK(contains(publisher.read("extensions/hello.transfer"), "Verify=yes\n"));
  home.file("sums", publisher.read("SHA256SUMS"));
  home.file("sums.gpg", publisher.read("SHA256SUMS.gpg"));
  (void)home.gpg({"--verify", home.path("sums.gpg"), home.path("sums")});
}
