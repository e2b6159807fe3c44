// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "verity/release_manifest.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <functional>

TEST_SUITE_BEGIN("verity/release_manifest");

using nlohmann::json;
using verity::Release;
using verity::ReleaseKind;
using verity::ReleaseManifest;

namespace {

std::chrono::sys_seconds time(const std::string &text)
{
  return verity::parse_time(text).value();
}

verity::Sha256 digest(unsigned number)
{
  verity::Sha256 made{};
  made.front() = static_cast<std::byte>(number);
  made.at(1) = static_cast<std::byte>(number >> 8U);
  return made;
}

/// With every field there is.
ReleaseManifest whole()
{
  return {.repository = "extensions.example",
          .product = "appliance",
          .channel = "stable",
          .sequence = 17,
          .issued = time("2026-11-26T15:00:00Z"),
          .expires = time("2026-12-26T15:00:00Z"),
          .min_client = "0.1",
          .keys = 2,
          .releases = {{.name = "hello",
                        .kind = ReleaseKind::sysext,
                        .version = "1.2",
                        .added = 16,
                        .min_version = "1.0",
                        .max_version = "1.1",
                        .barrier = true,
                        .security = true,
                        .withdrawn = "it says good-bye",
                        .fits = {{.id = "debian",
                                  .level = "1",
                                  .version_id = "13",
                                  .min_version = "13",
                                  .max_version = "14"}},
                        .waves = {{.seed_end = 20, .start = time("2026-11-26T16:00:00Z")},
                                  {.seed_end = 2048, .start = time("2026-11-27T00:00:00Z")}},
                        .artifacts = {{.name = "hello/hello_1.2_x86-64.raw.zst",
                                       .transfer = "hello",
                                       .architecture = "x86-64",
                                       .size = 1000,
                                       .sha256 = digest(1),
                                       .raw_size = 4096,
                                       .raw_sha256 = digest(2),
                                       .root_hash = digest(3)}}},
                       {.name = "hello",
                        .version = "1.1",
                        .artifacts = {{.name = "hello_1.1.raw", .size = 5, .sha256 = digest(4)}}}}};
}

std::string refusal(const std::string &text)
{
  try {
    verity::parse_release_manifest(text, "manifest.json");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::untrusted);
    return error.what();
  }
  return "";
}

/// What is said of the manifest after one change.
std::string refusal_of(const std::string &pointer, const json &value)
{
  json document = json::parse(text_of(whole()));
  document[json::json_pointer(pointer)] = value;
  return refusal(document.dump());
}

std::string refusal_without(const std::string &pointer, const std::string &field)
{
  json document = json::parse(text_of(whole()));
  document[json::json_pointer(pointer)].erase(field);
  return refusal(document.dump());
}

} // namespace

TEST_CASE("a manifest is read as it was written, and written as it was read")
{
  const ReleaseManifest manifest = whole();
  const std::string text = text_of(manifest);
  const ReleaseManifest read = verity::parse_release_manifest(text, "manifest.json");
  CHECK(read == manifest);
  CHECK(text_of(read) == text);
  CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("a field that is not known is passed over, a new spec is not")
{
  CHECK(refusal_of("/hint", "x").empty());
  CHECK(refusal_of("/releases/0/hint", json::array({1})).empty());
  CHECK(refusal_of("/spec", 2) ==
        "manifest.json: /spec: expected 1, which is what this version of strake understands");
}

TEST_CASE("each field that is wrong is named, with what was expected")
{
  struct Case {
    std::string pointer;
    json value;
    std::string expected;
  };

  const std::string a_name = "a name of letters, digits and -._+~^@:, not beginning with a dot";
  const std::string a_version = "a version: 1 to 255 letters, digits and .-~^+_";
  const std::string a_time = "a time such as \"2026-11-26T15:00:00Z\"";
  const std::string a_file = "the path of a file below the manifest, of letters, digits and "
                             "-._+~^@:";
  const std::string number = "a whole number from 0 to 9007199254740991";
  const std::string first = "/releases/0/artifacts/0/";
  for (const Case &each :
       {Case{"/spec", 0, "a whole number from 1 to 9007199254740991"},
        Case{"/repository", "", a_name},
        Case{"/repository", "../x", a_name},
        Case{"/repository", 7, a_name},
        Case{"/product", "a b", a_name},
        Case{"/channel", std::string(256, 'a'), a_name},
        Case{"/channel", ".hidden", a_name},
        Case{"/sequence", 0, "a whole number from 1 to 9007199254740991"},
        Case{"/sequence", 9007199254740992, "a whole number from 1 to 9007199254740991"},
        Case{"/sequence", -1, "a whole number from 1 to 9007199254740991"},
        Case{"/sequence", 1.5, "a whole number from 1 to 9007199254740991"},
        Case{"/sequence", "17", "a whole number from 1 to 9007199254740991"},
        Case{"/issued", "2026-11-26", a_time},
        Case{"/issued", "2026-02-30T00:00:00Z", a_time},
        Case{"/issued", "2026-11-26T24:00:00Z", a_time},
        Case{"/issued", "2026-11-26T15:00:00+00:00", a_time},
        Case{"/expires", "2026-11-26T15:00:00Z", "a time after that of \"issued\""},
        Case{"/min_client", "..", a_version},
        Case{"/keys", -1, number},
        Case{"/releases", json::object(), "an array of at most 65536 items"},
        Case{"/releases/0", "hello", "an object"},
        Case{"/releases/0/name", "hel/lo", a_name},
        Case{"/releases/0/kind", "portable", "\"os\", \"sysext\" or \"confext\""},
        Case{"/releases/0/version", "1 2", a_version},
        Case{"/releases/0/added", "16", number},
        Case{"/releases/0/min_version", "", a_version},
        Case{"/releases/0/barrier", 1, "true or false"},
        Case{"/releases/0/security", "no", "true or false"},
        Case{"/releases/0/withdrawn", "two\nlines", "one line of at most 1000 bytes"},
        Case{"/releases/0/withdrawn", std::string(1001, 'x'), "one line of at most 1000 bytes"},
        Case{"/releases/0/fits/0/id", "", a_name},
        Case{"/releases/0/fits/0/level", 1, "one line of at most 1000 bytes"},
        Case{"/releases/0/waves/0/seed_end", 0, "a whole number from 1 to 2048"},
        Case{"/releases/0/waves/0/seed_end", 2049, "a whole number from 1 to 2048"},
        Case{"/releases/0/waves/1/seed_end",
             20,
             "a wave with a larger seed, not before the one above"},
        Case{"/releases/0/waves/1/start",
             "2026-11-26T15:59:59Z",
             "a wave with a larger seed, not before the one above"},
        Case{"/releases/0/artifacts", json::array(), "at least one artifact"},
        Case{first + "name", "../x", a_file},
        Case{first + "name", "/etc/passwd", a_file},
        Case{first + "name", "a//b", a_file},
        Case{first + "name", "a/", a_file},
        Case{first + "name", "a/.b", a_file},
        Case{first + "name", "a%2e", a_file},
        Case{first + "name", "a\x1b[31m", a_file},
        Case{first + "name", "a\\b", a_file},
        Case{first + "transfer", "", a_name},
        Case{first + "size", -5, number},
        Case{first + "sha256", "abc", "64 hex digits"},
        Case{first + "raw_sha256", std::string(64, 'g'), "64 hex digits"},
        Case{first + "root_hash", 7, "64 hex digits"}}) {
    CAPTURE(each.pointer);
    CAPTURE(each.value);
    const std::string said = refusal_of(each.pointer, each.value);
    const std::string place =
        each.expected.starts_with("a wave") ? "/releases/0/waves/1" : each.pointer;
    CHECK(said == "manifest.json: " + place + ": expected " + each.expected);
  }
}

TEST_CASE("what has to be there is missed by its name")
{
  for (const char *field :
       {"spec", "repository", "channel", "sequence", "issued", "expires", "releases"})
    CHECK(refusal_without("", field) ==
          fmt::format("manifest.json: the document: expected an object with the field \"{}\"",
                      field));
  for (const char *field : {"name", "kind", "version", "artifacts"})
    CHECK(refusal_without("/releases/0", field) ==
          fmt::format("manifest.json: /releases/0: expected {}",
                      std::string(field) == "artifacts"
                          ? "an object with the field \"artifacts\""
                          : fmt::format("an object with the field \"{}\"", field)));
  for (const char *field : {"name", "size", "sha256"})
    CHECK(refusal_without("/releases/0/artifacts/0", field) ==
          fmt::format("manifest.json: /releases/0/artifacts/0: expected an object with the field "
                      "\"{}\"",
                      field));
}

TEST_CASE("one version is one release, and one name one content")
{
  CHECK(refusal_of("/releases/1/version", "1.2") ==
        "manifest.json: /releases/1: expected no second release of hello 1.2");
  CHECK(refusal_of("/releases/1/artifacts/0/name", "hello/hello_1.2_x86-64.raw.zst") ==
        "manifest.json: /releases/1: expected no second artifact hello/hello_1.2_x86-64.raw.zst");
}

TEST_CASE("text that could mean two things is refused")
{
  const std::string text = text_of(whole());
  CHECK(refusal("") == "manifest.json is no JSON: error at byte 1");
  CHECK(refusal(text + "x").starts_with("manifest.json is no JSON: error at byte "));
  CHECK(refusal("[]") == "manifest.json: the document: expected an object");
  std::string twice = text;
  twice.insert(1, "\"sequence\":18,");
  CHECK(refusal(twice) == "manifest.json has the field \"sequence\" twice in one object");
  for (const char *number : {"1e400", "-7777777777777e7777777"})
    CHECK(refusal(fmt::format(R"({{"sequence": {}}})", number)) ==
          "manifest.json has a number in it that is beyond all bounds");
  CHECK(refusal(std::string(200000, '[')).starts_with("manifest.json is no JSON"));
  CHECK(refusal("{\"a\":" + std::string(20, '[') + std::string(20, ']') + "}") ==
        "manifest.json is nested deeper than 8");
  CHECK(refusal(std::string(verity::release_manifest_limit + 1, ' ')) ==
        "manifest.json has 16777217 bytes, more than the 16777216 that it may have");
}

TEST_CASE("what no client would take is not written")
{
  ReleaseManifest manifest = whole();
  manifest.releases[0].artifacts[0].name = "../x";
  CHECK_THROWS_WITH_AS(text_of(manifest),
                       doctest::Contains("the new manifest: /releases/0/artifacts/0/name"),
                       base::Error);
}

TEST_CASE("times are those of one form")
{
  for (const std::string text :
       {"1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T00:00:00Z"})
    CHECK(verity::text_of(verity::parse_time(text).value()) == text);
  for (const std::string text : {"",
                                 "2023-02-29T00:00:00Z",
                                 "2026-1-01T00:00:00Z",
                                 "2026-01-01t00:00:00Z",
                                 "2026-01-01T00:00:60Z",
                                 "2026-01-01T00:00:00.5Z"})
    CHECK_FALSE(verity::parse_time(text));
}

TEST_CASE("a large manifest is read")
{
  ReleaseManifest manifest = whole();
  manifest.releases.clear();
  for (unsigned number = 0; number < 10000; ++number) {
    const std::string name = fmt::format("extension-{}", number / 20);
    const std::string version = fmt::format("1.{}", number % 20);
    manifest.releases.push_back({.name = name,
                                 .version = version,
                                 .fits = {{.id = "debian", .version_id = "13"}},
                                 .artifacts = {{.name = name + "_" + version + "_x86-64.raw",
                                                .architecture = "x86-64",
                                                .size = number,
                                                .sha256 = digest(number)}}});
  }
  CHECK(verity::parse_release_manifest(text_of(manifest), "manifest.json") == manifest);
}

TEST_SUITE_END();
