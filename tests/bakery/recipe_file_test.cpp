// SPDX-License-Identifier: Apache-2.0
#include "bakery/recipe_file.hpp"
#include "base/error.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

using bakery::parse_recipe;
using bakery::Recipe;

namespace {

const std::string digits(64, 'a');

std::string refusal(const std::string &text)
{
  try {
    (void)parse_recipe(text, "r.yaml");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

const std::string least = "name: a\nversion: 1\nfiles: [{to: /usr/a, text: a}]\n";

} // namespace

TEST_CASE("recipe: a whole one is read")
{
  const Recipe recipe = parse_recipe(R"(
name: web
version: 1.10
description: A web server
license: MIT OR Apache-2.0
class: sysext
architectures: [x86-64, arm64]
format: squashfs
container: ddi
time: 1700000000
size-limit: 20M
match: {os: debian, version: "13"}
release: {SYSEXT_ID: web}
sources:
  server:
    url: {x86-64: "https://example.org/amd64.tar.gz", arm64: "https://example.org/arm64.tar.gz"}
    unpack: yes
    sha256: {x86-64: )" + digits +
                                         ", arm64: " + digits + R"(}
  lib: {package: libweb1, version: "1:2.3-4", sha256: )" +
                                         digits + R"(}
  conf: {directory: files}
files:
  - {source: server, path: bin/web, to: /usr/bin/web, libraries: /usr/lib/web}
  - {source: conf, to: /usr/share/web, except: [README, old]}
  - {to: /usr/bin/w, link: web}
  - {to: /usr/lib/web.conf, text: "x\n", mode: 0600}
units:
  - {name: web.service, text: "[Service]\n", start: multi-user.target}
restart: web.service
reload: [dbus.service]
allow: {setuid: it needs to be root}
)",
                                     "r.yaml");
  CHECK(recipe.version == "1.10");
  CHECK(recipe.architectures == std::vector<std::string>{"x86-64", "arm64"});
  CHECK(recipe.format == bakery::FileSystem::squashfs);
  CHECK(recipe.container == bakery::Container::ddi);
  CHECK(recipe.time == 1'700'000'000);
  CHECK(recipe.size_limit == 20U << 20U);
  CHECK(recipe.match == bakery::Match{.os = "debian", .version = "13"});
  REQUIRE(recipe.sources.size() == 3);
  CHECK(recipe.sources[0].place.of("arm64") == "https://example.org/arm64.tar.gz");
  CHECK_FALSE(recipe.sources[0].place.of("riscv64"));
  CHECK(recipe.sources[1].package_version == "1:2.3-4");
  CHECK(recipe.sources[1].sha256.of("riscv64") == digits);
  REQUIRE(recipe.files.size() == 4);
  CHECK(recipe.files[0].to == "usr/bin/web");
  CHECK(recipe.files[0].libraries == "usr/lib/web");
  CHECK(recipe.files[1].except == std::vector<std::string>{"README", "old"});
  CHECK(recipe.files[3].mode == 0600);
  CHECK(recipe.units.front().start == "multi-user.target");
  CHECK(recipe.restart == std::vector<std::string>{"web.service"});
  CHECK(recipe.allow.front() == bakery::Allowance{"setuid", "it needs to be root"});
  CHECK(bakery::image_name(recipe, "arm64") == "web_1.10_arm64");
  CHECK(bakery::image_name(recipe, "any") == "web_1.10");
}

TEST_CASE("recipe: the version may be found elsewhere")
{
  const Recipe recipe = parse_recipe("name: a\nversion: {file: VERSION, after: v=}\n"
                                     "files: [{to: /usr/a, text: a}]\n",
                                     "r.yaml");
  CHECK(recipe.version_from == bakery::VersionFrom{.file = "VERSION", .after = "v="});
  CHECK(recipe.version.empty());
}

TEST_CASE("recipe: each mistake is named with its place and what was expected")
{
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "r.yaml:1:1: recipe: fields are expected"},
      {"- a\n", "r.yaml:1:1: recipe: fields are expected"},
      {"version: 1\nfiles: [{to: /usr/a, text: a}]\n", "r.yaml:1:1: recipe: it needs \"name\""},
      {"name: a\nfiles: [{to: /usr/a, text: a}]\n", "it needs \"version\""},
      {"name: a\nversion: 1\n", "neither files nor units"},
      {least + "klass: sysext\n",
       "r.yaml:4:1: recipe: there is no field \"klass\"; did you mean \"class\"?"},
      {least + "zzzzzzzz: 1\n", "there are: name, version"},
      {least + "class: sysex\n",
       "r.yaml:4:8: class: one of sysext, confext, root, usr is expected"},
      {least + "format: ext4\n", "one of erofs, squashfs is expected"},
      {least + "compression: zip\n", "one of best, fast, none is expected"},
      {least + "container: gpt\n", "one of naked, ddi is expected"},
      {least + "architectures: [amd64]\n",
       "r.yaml:4:17: architectures: \"amd64\" is no architecture"},
      {least + "architectures: []\n", "at least one is expected"},
      {least + "time: -1\n", "a number without sign"},
      {least + "time: 4294967296\n", "at most 32 bits"},
      {least + "size-limit: 3X\n", "a size such as"},
      {least + "size-limit: 99999999999999T\n", "a size such as"},
      {least + "match: none\n", "\"any\", or fields of os"},
      {least + "match: {version: 13}\n", "it needs \"os\""},
      {least + "match: {os: debian}\n", "it needs version or level"},
      {least + "match: {os: \"de bian\", level: 1}\n", "letters, digits"},
      {least + "release: {ID: debian}\n", "r.yaml:4:11: release: ID is written from match"},
      {least + "release: {lower: x}\n", "capital letters"},
      {least + "release: {A: \"x\\ny\"}\n", "without control characters"},
      {least + "restart: web\n", "the name of a unit"},
      {least + "units: [{name: a.service}]\n", "without text and start would do nothing"},
      {least + "units: [{start: multi-user.target}]\n", "needs \"name\""},
      {least + "units: [{name: ../a.service, text: x}]\n", "the name of a unit"},
      {least + "allow: {setuid: \"\"}\n", "allow.setuid: a text is expected"},
      {least + "description: [a]\n", "a text is expected, not a list"},
      {least + "license: \"MIT\\u0007\"\n", "without control characters"},
      {"name: a_b\nversion: 1\n", "r.yaml:1:7: name: 1 to 128 letters"},
      {"name: -a\nversion: 1\n", "of which the first"},
      {"name: ../a\nversion: 1\n", "of which the first"},
      {"name: a\nversion: 1_2\n", "\"_\" parts the version"},
      {"name: a\nversion: {}\n", "either a package or a file"},
      {"name: a\nversion: {file: ../v}\n", "\"..\""},
      {"name: a\nversion: {package: p, after: x}\n", "\"after\" goes with a file"},
      {"name: a\nversion: {package: p}\nfiles: [{to: /usr/a, text: a}]\n",
       "is no source that is a package"},
      {"name: a\nversion: 1\nfiles: {to: /usr/a}\n", "a list is expected"},
      {"name: a\nversion: 1\nfiles: [{text: a}]\n", "each entry needs \"to\""},
      {"name: a\nversion: 1\nfiles: [{to: usr/a, text: a}]\n", "a path that begins with \"/\""},
      {"name: a\nversion: 1\nfiles: [{to: /usr/../a, text: a}]\n", "\"..\""},
      {"name: a\nversion: 1\nfiles: [{to: /usr//a, text: a}]\n", "empty parts"},
      {"name: a\nversion: 1\nfiles: [{to: /usr/a}]\n", "exactly one of source, text and link"},
      {"name: a\nversion: 1\nfiles: [{to: /usr/a, text: a, link: b}]\n", "exactly one of"},
      {"name: a\nversion: 1\nfiles: [{to: /usr/a, text: a, path: b}]\n", "go with a source only"},
      {"name: a\nversion: 1\nfiles: [{to: /, text: a}]\n", "where the file is put"},
      {"name: a\nversion: 1\nfiles: [{to: /usr/a, link: b, mode: 0644}]\n",
       "a symlink has no mode"},
      {"name: a\nversion: 1\nfiles: [{to: /usr/a, text: a, mode: 0999}]\n", "octal digits"},
      {"name: a\nversion: 1\nfiles: [{to: /usr/a, text: a, mode: 17777}]\n", "octal digits"},
      {"name: a\nversion: 1\nfiles: [{to: /usr/a, source: s}]\n", "there is no source \"s\""},
      {least + "sources: {s: {}}\n", "sources.s: one of file, directory, url and package"},
      {least + "sources: {s: {file: a, url: http://b}}\n", "only one of file"},
      {least + "sources: {s: {file: /etc/passwd}}\n", "without a leading \"/\""},
      {least + "sources: {s: {file: ../x}}\n", "\"..\""},
      {least + "sources: {s: {directory: {x86-64: ../x}}}\n", "\"..\""},
      {least + "sources: {s: {url: \"ftp://a\"}}\n", "http:// or https://"},
      {least + "sources: {s: {url: \"https://a\"}}\n", "it needs sha256"},
      {least + "sources: {s: {package: \"-x\", version: 1}}\n", "the name of a Debian package"},
      {least + "sources: {s: {package: x, sha256: " + digits + "}}\n",
       "a package needs its version"},
      {least + "sources: {s: {package: x, version: \"a b\"}}\n", "the version of a Debian package"},
      {least + "sources: {s: {file: x, version: 1}}\n", "only a package has a version"},
      {least + "sources: {s: {file: x, sha256: abc}}\n", "64 hexadecimal digits"},
      {least + "sources: {s: {directory: x, unpack: yes}}\n",
       "only a file or what is behind a URL"},
      {least + "sources: {s: {file: x, unpack: maybe}}\n", "yes or no is expected"},
      {least + "sources: {\"a/b\": {file: x}}\n", "are expected as name"},
      {least + "class: root\nrestart: a.service\n", "are for extensions"},
  };
  for (const auto &[text, part] : cases) {
    CAPTURE(text);
    const std::string found = refusal(text);
    CAPTURE(found);
    CHECK(found.starts_with("r.yaml:"));
    CHECK(contains(found, part));
  }
}

TEST_CASE("recipe: the schema has the fields that are read, and no others")
{
  std::ifstream file(STRAKE_SOURCE_DIR "/docs/formats/recipe.schema.json");
  const nlohmann::json schema = nlohmann::json::parse(file);
  for (const bakery::FieldNames &part : bakery::recipe_fields()) {
    CAPTURE(part.object);
    const nlohmann::json &object =
        part.object == "recipe" ? schema : schema.at("$defs").at(part.object);
    CHECK(object.at("additionalProperties") == false);
    std::set<std::string> known;
    for (const auto &[name, value] : object.at("properties").items())
      known.insert(name);
    CHECK(known == std::set<std::string>(part.fields.begin(), part.fields.end()));
  }
}
