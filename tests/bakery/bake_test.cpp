// SPDX-License-Identifier: Apache-2.0
#include "bake_setting.hpp"
#include "base/program.hpp"
#include "support/tar_bytes.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <filesystem>
#include <map>

using bakery::Outcome;
using bakery::Work;
using bakery_tests::contains;
using bakery_tests::Kitchen;

namespace {

const std::string simple = R"(name: hello
version: "1"
sources:
  files: {directory: files}
files:
  - {source: files, to: /usr/share/hello}
  - {to: /usr/bin/hello, text: "#!/bin/sh\n", mode: 0755}
  - {to: /usr/bin/hi, link: hello}
units:
  - {name: hello.service, text: "[Service]\nExecStart=/usr/bin/hello\n", start: multi-user.target}
)";

std::string run(std::vector<std::string> argv)
{
  const base::Finished done = base::ProcessRunner().run({.argv = std::move(argv)});
  REQUIRE_MESSAGE(done.status == 0, done.errors);
  return done.output;
}

/// The files of an image, as the file system's own tools take them out.
std::map<std::string, std::string> files_of(const std::string &image, const std::string &format)
{
  const support::TempRoot root({{"out/", ""}});
  const std::string out = root.path() + "/out/tree";
  if (format == "erofs")
    (void)run({"fsck.erofs", "--extract=" + out, image});
  else
    (void)run({"unsquashfs", "-no-progress", "-dest", out, image});
  std::map<std::string, std::string> files;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(out)) {
    const std::string path = entry.path().string().substr(out.size() + 1);
    struct stat status = {};
    REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
    CHECK(status.st_uid == 0);
    if (entry.is_symlink())
      files[path] = "-> " + std::filesystem::read_symlink(entry.path()).string();
    else if (entry.is_regular_file())
      files[path] =
          fmt::format("{:04o} {}", status.st_mode & 07777U, root.read("out/tree/" + path));
  }
  return files;
}

std::string sha256(const std::string &bytes)
{
  return verity::hex(verity::digest_of(std::as_bytes(std::span(bytes))));
}

} // namespace

TEST_CASE("bake: a recipe becomes an extension of the files, units and fields it names")
{
  for (const std::string format : {"erofs", "squashfs"}) {
    CAPTURE(format);
    Kitchen kitchen(simple + "format: " + format + "\nrestart: hello.service\n");
    kitchen.write("files/a/b.conf", "x=1\n");
    const bakery::Product product = kitchen.bake();
    CHECK(product.outcome == Outcome::baked);
    CHECK(product.name == "hello_1");
    const auto files = files_of(product.path, format);
    const std::map<std::string, std::string> expected = {
        {"usr/bin/hello", "0755 #!/bin/sh\n"},
        {"usr/bin/hi", "-> hello"},
        {"usr/share/hello/a/b.conf", "0644 x=1\n"},
        {"usr/lib/systemd/system/hello.service", "0644 [Service]\nExecStart=/usr/bin/hello\n"},
        {"usr/lib/systemd/system/multi-user.target.d/50-hello.service.conf",
         "0644 [Unit]\nUpholds=hello.service\n"},
        {"usr/lib/extension-release.d/extension-release.hello",
         "0644 ID=_any\nEXTENSION_RELOAD_MANAGER=1\nEXTENSION_RESTART_UNITS=\"hello.service\"\n"}};
    CHECK(files == expected);
  }
}

TEST_CASE("bake: what is compressed less is larger, and has the same files in it")
{
  for (const std::string format : {"erofs", "squashfs"}) {
    std::vector<std::uint64_t> sizes;
    std::map<std::string, std::string> first;
    for (const std::string compression : {"best", "fast", "none"}) {
      Kitchen kitchen(simple + "format: " + format + "\ncompression: " + compression + "\n");
      std::string text;
      for (int number = 0; text.size() < 600'000; ++number)
        text += fmt::format("{} {}\n", number * 7919 % 65537, number % 13);
      kitchen.write("files/a", text);
      const bakery::Product product = kitchen.bake(Work::check);
      sizes.push_back(product.made.size);
      const auto files = files_of(product.path, format);
      if (first.empty())
        first = files;
      CHECK((files == first));
    }
    CAPTURE(format);
    CHECK((sizes[0] < sizes[1] || format == "squashfs")); // whose levels may come to the same
    CHECK(sizes[0] <= sizes[1]);
    CHECK(sizes[1] < sizes[2]);
  }
}

TEST_CASE("bake: a confext has its files in /etc, an architecture and a match of its own")
{
  Kitchen kitchen("name: conf\nversion: 2\nclass: confext\narchitectures: arm64\n"
                  "match: {os: debian, version: \"13\", level: 1}\nrelease: {CONFEXT_ID: c}\n"
                  "files: [{to: /etc/a.conf, text: a}]\n"
                  "units: [{name: a.service, start: multi-user.target}]\n");
  const bakery::Product product = kitchen.bake();
  CHECK(product.name == "conf_2_arm64");
  const auto files = files_of(product.path, "erofs");
  CHECK(files.at("etc/extension-release.d/extension-release.conf") ==
        "0644 ID=debian\nVERSION_ID=\"13\"\nCONFEXT_LEVEL=\"1\"\nARCHITECTURE=arm64\n"
        "EXTENSION_RELOAD_MANAGER=1\nCONFEXT_ID=\"c\"\n");
  CHECK(files.contains("etc/systemd/system/multi-user.target.d/50-a.service.conf"));
}

TEST_CASE("bake: a root file system has no release file")
{
  Kitchen kitchen("name: os\nversion: 2\nclass: root\nfiles: [{to: /etc/a.conf, text: a}]\n");
  CHECK(files_of(kitchen.bake().path, "erofs").size() == 1);
}

TEST_CASE("bake: the same inputs give the same bytes, wherever and whenever it is done")
{
  const auto bake = [](bool differently) {
    Kitchen kitchen(simple);
    kitchen.write(differently ? "files/two" : "files/one", differently ? "2" : "1");
    kitchen.write(differently ? "files/one" : "files/two", differently ? "1" : "2");
    if (differently) {
      const std::string files = kitchen.host.root.path() + "/recipes/files";
      std::filesystem::permissions(files + "/one", std::filesystem::perms::owner_read);
      std::filesystem::last_write_time(files + "/two", {});
      kitchen.host.clock.time += std::chrono::hours(24);
    }
    (void)kitchen.bake();
    return kitchen.output("hello_1.raw");
  };
  CHECK((bake(false) == bake(true)));
}

TEST_CASE("bake: the time of all files is that of the recipe, else of the environment, else 0")
{
  const auto time_in = [](const std::string &recipe, const std::string &variable) {
    Kitchen kitchen(recipe);
    kitchen.write("files/a", "a");
    if (!variable.empty())
      kitchen.host.host.environment["SOURCE_DATE_EPOCH"] = variable;
    (void)kitchen.bake();
    return nlohmann::json::parse(kitchen.output("hello_1.inputs.json")).at("inputs").at("time");
  };
  CHECK(time_in(simple, "") == 0);
  CHECK(time_in(simple, "1700000000") == 1'700'000'000);
  CHECK(time_in(simple + "time: 1600000000\n", "1700000000") == 1'600'000'000);
}

TEST_CASE("bake: what was made of the same inputs is left alone, and else made again")
{
  Kitchen kitchen(simple);
  kitchen.write("files/a", "a");
  CHECK(kitchen.bake().outcome == Outcome::baked);
  const bakery::Product again = kitchen.bake();
  CHECK(again.outcome == Outcome::unchanged);
  CHECK(again.made.sha256 == sha256(kitchen.output("hello_1.raw")));
  SUBCASE("a source changed")
  {
    kitchen.write("files/a", "b");
  }
  SUBCASE("a file may be executed now")
  {
    std::filesystem::permissions(kitchen.host.root.path() + "/recipes/files/a",
                                 std::filesystem::perms::owner_all);
  }
  SUBCASE("the recipe changed")
  {
    kitchen.write("recipe.yaml", simple + "# a word\n");
  }
  SUBCASE("the image was damaged")
  {
    kitchen.host.root.write("out/hello_1.raw", "damaged");
  }
  SUBCASE("the record is none")
  {
    kitchen.host.root.write("out/hello_1.inputs.json", "{\"image\": {\"size\": -1}}");
  }
  CHECK(kitchen.bake(Work::tell).outcome == Outcome::would_bake);
  CHECK(kitchen.bake().outcome == Outcome::baked);
  CHECK(kitchen.bake(Work::tell).outcome == Outcome::unchanged);
}

TEST_CASE("bake: to tell what would be baked changes nothing")
{
  Kitchen kitchen(simple);
  kitchen.write("files/a", "a");
  CHECK(kitchen.bake(Work::tell).outcome == Outcome::would_bake);
  CHECK_FALSE(kitchen.host.root.exists("out"));
  CHECK_FALSE(kitchen.host.root.exists("store"));
}

TEST_CASE("bake: a check builds twice, and names what is not the same")
{
  Kitchen kitchen(simple);
  kitchen.write("files/a/one", "1");
  kitchen.write("files/b/two", "2");
  CHECK(kitchen.bake(Work::check).outcome == Outcome::baked);
  CHECK(kitchen.bake().outcome == Outcome::unchanged);
}

TEST_CASE("bake: nothing but the products is left in the output")
{
  Kitchen kitchen(simple);
  kitchen.write("files/a", "a");
  kitchen.host.root.write("out/.bake-hello_1/left", "by a cut run");
  (void)kitchen.bake(Work::check);
  std::vector<std::string> names;
  for (const base::DirEntry &entry : kitchen.host.root.dir().dir("out").entries())
    names.push_back(entry.name);
  CHECK(names ==
        std::vector<std::string>{"hello_1.inputs.json", "hello_1.raw", "hello_1.spdx.json"});
}

TEST_CASE("bake: an output is worked in by one at a time")
{
  Kitchen kitchen(simple);
  kitchen.write("files/a", "a");
  kitchen.host.root.write("out/", "");
  const base::Dir output = kitchen.host.root.dir().dir("out");
  REQUIRE(kitchen.host.sys.try_lock(output.fd()));
  CHECK(contains(kitchen.refusal(), "busy: another strake works in"));
}

TEST_CASE("bake: the version is found in a file, or is that of a package")
{
  const std::string recipe = "name: a\nversion: {file: VERSION, after: \"version = \"}\n"
                             "files: [{to: /usr/a, text: a}]\n";
  Kitchen kitchen(recipe);
  CHECK(contains(kitchen.refusal(), "config: "));
  CHECK(contains(kitchen.refusal(), "there is no file"));
  kitchen.write("VERSION", "x\n  version = \"1.5-rc1\"\n");
  CHECK(kitchen.bake().name == "a_1.5-rc1");
  kitchen.write("VERSION", "version = a/b\n");
  CHECK(contains(kitchen.refusal(), "\"a/b\", is none"));
  kitchen.write("VERSION", "nothing");
  CHECK(contains(kitchen.refusal(), "has no \"version = \""));
}

TEST_CASE("bake: a file that two entries put in one place is refused with both places")
{
  Kitchen kitchen("name: a\nversion: 1\nfiles:\n  - {to: /bin/a, text: a}\n"
                  "  - {to: /usr/bin/a, text: b}\n");
  const std::string refusal = kitchen.refusal();
  CHECK(contains(refusal, "recipe.yaml:5:5: /usr/bin/a is put there already by"));
  CHECK(contains(refusal, "recipe.yaml:4:5"));
}

TEST_CASE("bake: sources that are not as they should be are refused before they are looked into")
{
  const std::string tar = support::tar_archive({{.name = "../evil", .content = "evil"}});
  const auto recipe = [](const std::string &source) {
    return "name: a\nversion: 1\nsources:\n  s: {" + source + "}\nfiles: [{source: s, to: /usr}]\n";
  };
  SUBCASE("a file of another hash")
  {
    Kitchen kitchen(recipe("file: a.tar, unpack: yes, sha256: " + std::string(64, '0')));
    kitchen.write("a.tar", tar);
    CHECK(contains(kitchen.refusal(), "untrusted: "));
    CHECK(contains(kitchen.refusal(), "is " + sha256(tar) + ", and the recipe says 000"));
  }
  SUBCASE("a download of another hash, of which nothing is kept")
  {
    Kitchen kitchen(
        recipe("url: \"https://example.org/a.tar\", unpack: yes, sha256: " + std::string(64, '0')));
    kitchen.host.fetcher.objects["https://example.org/a.tar"] = tar;
    CHECK(contains(kitchen.refusal(), "untrusted: "));
    CHECK(contains(kitchen.refusal(), "its SHA-256 is " + sha256(tar)));
    CHECK(kitchen.host.root.dir().dir("store").entries().empty());
  }
  SUBCASE("a download that is not there")
  {
    Kitchen kitchen(recipe("url: \"https://example.org/a\", sha256: " + std::string(64, '0')));
    CHECK(contains(kitchen.refusal(), "not_found: "));
  }
  SUBCASE("an archive that leads outside, though its hash is right")
  {
    Kitchen kitchen(recipe("file: a.tar, unpack: yes, sha256: " + sha256(tar)));
    kitchen.write("a.tar", tar);
    CHECK(contains(kitchen.refusal(), "untrusted: "));
    CHECK_FALSE(kitchen.host.root.exists("out/.bake-a_1"));
    CHECK_FALSE(kitchen.host.root.exists("out/evil"));
  }
  SUBCASE("a directory of another hash")
  {
    Kitchen kitchen(recipe("directory: d, sha256: " + std::string(64, '0')));
    kitchen.write("d/a", "a");
    CHECK(contains(kitchen.refusal(), "untrusted: "));
  }
  SUBCASE("a directory that leads outside by a symlink")
  {
    Kitchen kitchen(recipe("directory: d"));
    kitchen.write("d", "-> /etc");
    CHECK(contains(kitchen.refusal(), "there is no directory"));
  }
  SUBCASE("nothing there")
  {
    Kitchen kitchen(recipe("file: d"));
    CHECK(contains(kitchen.refusal(), "there is no file"));
  }
}

TEST_CASE("bake: what is fetched is kept by its hash, and fetched once")
{
  const std::string tar =
      support::tar_archive({{.name = "top/bin/tool", .content = "tool", .mode = "0000755"},
                            {.name = "top/doc", .content = "d"}});
  Kitchen kitchen("name: a\nversion: 1\nsources:\n"
                  "  s: {url: \"https://example.org/a.tar\", unpack: yes, sha256: " +
                  sha256(tar) + "}\nfiles: [{source: s, path: top, to: /usr, except: doc}]\n");
  kitchen.host.fetcher.objects["https://example.org/a.tar"] = tar;
  const auto files = files_of(kitchen.bake().path, "erofs");
  CHECK(files.at("usr/bin/tool") == "0755 tool");
  CHECK_FALSE(files.contains("usr/doc"));
  (void)kitchen.bake(Work::check);
  CHECK(kitchen.host.fetcher.asked.size() == 1);
  SUBCASE("but what was changed in the store is fetched again")
  {
    kitchen.host.root.write("store/" + sha256(tar), "something else");
    CHECK(kitchen.bake(Work::check).outcome == Outcome::baked);
    CHECK(kitchen.host.fetcher.asked.size() == 2);
  }
}

TEST_CASE("bake: the record and the bill of materials say what the image is made of")
{
  Kitchen kitchen(simple + "license: MIT\n");
  kitchen.write("files/a", "a");
  const bakery::Product product = kitchen.bake();
  const auto record = nlohmann::json::parse(kitchen.output("hello_1.inputs.json"));
  CHECK(record.at("image").at("sha256") == sha256(kitchen.output("hello_1.raw")));
  CHECK(record.at("inputs").at("sources").at(0).at("directory") == "files");
  const auto bill = nlohmann::json::parse(kitchen.output("hello_1.spdx.json"));
  CHECK(bill.at("spdxVersion") == "SPDX-2.3");
  CHECK(bill.at("packages").at(0).at("licenseDeclared") == "MIT");
  CHECK(bill.at("packages").at(0).at("checksums").at(0).at("checksumValue") == product.made.sha256);
  CHECK(bill.at("packages").at(1).at("name") == "files");
  CHECK(bill.at("relationships").size() == 2);
}
