// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "updater/manifest.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("updater/manifest");

using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const std::string hash(64, 'a');
const std::string other_hash(64, 'b');

std::string line(const std::string &name, const std::string &digest = hash)
{
  return digest + " *" + name + "\n";
}

std::string refusal(const std::string &text, base::Kind kind = base::Kind::untrusted)
{
  try {
    (void)updater::parse_manifest(text);
  } catch (const base::Error &error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  return "accepted";
}

bool has(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a manifest lists its names with their hashes in order, in text and binary mode")
{
  const updater::Manifest manifest =
      updater::parse_manifest(line("os_8.raw") + other_hash + "  dir/os 7.raw\n");
  REQUIRE(manifest.entries.size() == 2);
  CHECK(manifest.entries[0] == updater::ManifestEntry{"os_8.raw", *verity::parse_sha256(hash)});
  CHECK(manifest.entries[1] ==
        updater::ManifestEntry{"dir/os 7.raw", *verity::parse_sha256(other_hash)});
  CHECK_FALSE(manifest.best_before);
}

TEST_CASE("an empty manifest lists nothing")
{
  CHECK(updater::parse_manifest("").entries.empty());
}

TEST_CASE("hashes may be written in capitals")
{
  CHECK(updater::parse_manifest(line("a", std::string(64, 'A'))) ==
        updater::parse_manifest(line("a")));
}

TEST_CASE("a hash that is too short says how many bytes it has")
{
  CHECK(has(refusal(hash.substr(2) + "  os.raw\n"), "Manifest hash at line 1 decoded to 31 bytes"));
  CHECK(has(refusal(line("a") + hash.substr(4) + "    os.raw\n"),
            "Manifest hash at line 2 decoded to 30 bytes"));
}

TEST_CASE("a hash that is no hex is refused with its line")
{
  CHECK(has(refusal(line("a") + "g" + hash.substr(1) + " *x\n"),
            "SHA256SUMS, line 2: expected 64 hex digits"));
  CHECK(has(refusal(hash.substr(1) + "  longer-name\n"), "expected 64 hex digits"));
}

TEST_CASE("a line that is not as sha256sum writes it is refused")
{
  CHECK(has(refusal(hash + "\n"), "line 1: expected 64 hex digits, a blank"));
  CHECK(has(refusal("\n"), "line 1: expected 64 hex digits, a blank"));
  CHECK(has(refusal(hash + "\t*name\n"), "expected a blank after the hash"));
  CHECK(has(refusal(hash + " xname\n"), "expected a blank or \"*\""));
  CHECK(has(refusal("\\" + line("a\\\\b")), "escaped file names"));
  CHECK(has(refusal(line("a") + "# comment\n" + line("b")), "line 2"));
}

TEST_CASE("a manifest without its last line end is refused, since it may be cut short")
{
  const std::string whole = line("os_8.raw");
  CHECK(has(refusal(whole + whole.substr(0, whole.size() - 1)), "line 2: it does not end"));
}

TEST_CASE("a name that could lead out of the repository refuses the whole manifest")
{
  for (const std::string name : {"/etc/passwd",
                                 "..",
                                 ".",
                                 "../x",
                                 "a/../x",
                                 "a/./x",
                                 "a//x",
                                 "a/",
                                 "a/..",
                                 "%2e%2e/x",
                                 "os%20.raw"}) {
    CAPTURE(name);
    CHECK(has(refusal(line("good") + line(name)), "line 2: Invalid filename"));
  }
}

TEST_CASE("names with controls or broken UTF-8 are refused, others in UTF-8 are not")
{
  for (const std::string &name : {"a\0b"s,
                                  "a\rb"s,
                                  "a\tb"s,
                                  "a\x1b[2Jb"s,
                                  "a\x7f"s,
                                  "a\xc2\x9b"s,
                                  "a\xff"s,
                                  "a\xc0\xaf"s,
                                  "a\xe2\x82"s,
                                  "a\xed\xa0\x80"s,
                                  "a\xf4\x90\x80\x80"s}) {
    CAPTURE(name);
    CHECK(has(refusal(line(name)), "line 1: Invalid filename"));
  }
  CHECK(updater::parse_manifest(line("gr\xc3\xbc\xc3\x9f"
                                     "e-\xe2\x82\xac-\xf0\x9f\x9a\xa2.raw"))
            .entries.size() == 1);
}

TEST_CASE("overlong names are refused")
{
  CHECK(refusal(line(std::string(255, 'n'))) == "accepted");
  CHECK(has(refusal(line(std::string(256, 'n'))), "not a normal path"));
  CHECK(has(refusal(line("d/" + std::string(1023, 'n'))), "longer than 1024"));
}

TEST_CASE("one name with two hashes is refused, twice with the same it counts once")
{
  CHECK(has(refusal(line("a") + line("b") + line("a", other_hash)),
            "line 3: \"a\" has another hash in an earlier line"));
  CHECK(updater::parse_manifest(line("a") + line("a")).entries.size() == 1);
}

TEST_CASE("the earliest best-before day counts, and is no file")
{
  const updater::Manifest manifest =
      updater::parse_manifest(line("BEST-BEFORE-2027-03-01") + line("os_8.raw") +
                              line("BEST-BEFORE-2026-02-28", other_hash));
  CHECK(manifest.entries.size() == 1);
  CHECK(manifest.best_before == std::chrono::sys_days(2026y / 2 / 28));
}

TEST_CASE("a best-before day that cannot be read is refused and never taken for none")
{
  for (const std::string day : {"",
                                "2026",
                                "2026-02-30",
                                "2026-13-01",
                                "26-02-01",
                                "2026-2-1",
                                "2026-02-01x",
                                "2026/02/01",
                                "-026-02-01",
                                "2026-02-+1"}) {
    CAPTURE(day);
    CHECK(has(refusal(line("BEST-BEFORE-" + day)), "is not a day written as"));
  }
}

TEST_CASE("a manifest is stale from the first second of its best-before day on")
{
  using updater::Freshness;
  const updater::Manifest manifest = updater::parse_manifest(line("BEST-BEFORE-2026-02-28"));
  const std::chrono::sys_seconds day = std::chrono::sys_days(2026y / 2 / 28);
  CHECK_NOTHROW(updater::check_freshness(manifest, day - 1s, Freshness::required));
  CHECK_NOTHROW(updater::check_freshness(manifest, day + 24h, Freshness::ignored));
  CHECK_NOTHROW(updater::check_freshness({}, day, Freshness::required));
  try {
    updater::check_freshness(manifest, day, Freshness::required);
    FAIL("accepted");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::stale);
    CHECK(has(error.what(), "was best before 2026-02-28"));
  }
}

TEST_CASE("a web page in place of a manifest is a trouble of the network")
{
  for (const std::string page : {"<!DOCTYPE html>\n<html>", "\xef\xbb\xbf\r\n <html>", "<x/>"})
    CHECK(has(refusal(page, base::Kind::network), "looks like a web page"));
}
