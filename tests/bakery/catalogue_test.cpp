// SPDX-License-Identifier: Apache-2.0
// What people see of a repository: the catalogue, its pages, and the files they install.
#include "bakery/catalogue_page.hpp"
#include "bakery/definition_files.hpp"
#include "bakery/index.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("bakery/catalogue");

using bakery::Catalogue;
using bakery::Site;

namespace {

verity::Sha256 digest_of(const std::string &file)
{
  return verity::digest_of(std::as_bytes(std::span(file)));
}

/// The releases of these files, each of some 1.5 KiB.
std::vector<verity::Release> releases(const std::vector<std::string> &files,
                                      const std::string &description = "")
{
  std::vector<bakery::AddedFile> added;
  for (const std::string &file : files)
    added.push_back({.file = {.name = bakery::parse_image_file(file).value(),
                              .size = 1536,
                              .sha256 = digest_of(file)},
                     .facts = {.description = description}});
  bakery::Index index;
  bakery::add(index,
              bakery::Channel::stable,
              added,
              std::chrono::sys_days(std::chrono::year{2026} / 5 / 1));
  return index.stable;
}

Catalogue catalogue(const std::vector<std::string> &files, const std::string &description = "")
{
  return bakery::catalogue_of(releases(files, description));
}

Site site()
{
  return {.name = "Tools & more",
          .url = "https://example.org/ext",
          .openpgp_keyring = "key",
          .sequence = 7,
          .issued = std::chrono::sys_days(std::chrono::year{2026} / 5 / 1),
          .expires = std::chrono::sys_days(std::chrono::year{2026} / 6 / 1)};
}

bool has(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a catalogue is sorted by names, and each name's versions by age, the newest first")
{
  const Catalogue all =
      catalogue({"b_1.raw", "a_1.9.raw", "a_1.10.raw", "a_1.10~rc1.raw", "a_1.10.spdx.json"});
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "a");
  REQUIRE(all[0].versions.size() == 3);
  CHECK(all[0].versions[0].version == "1.10");
  REQUIRE(all[0].versions[0].files.size() == 2);
  CHECK(all[0].versions[0].files[0].name.file == "a_1.10.raw");
  CHECK(all[0].versions[1].version == "1.10~rc1");
  CHECK(all[1].name == "b");
}

TEST_CASE("a series is offered where there are several")
{
  const auto of = [](const std::vector<std::string> &files) {
    return bakery::series_of(catalogue(files).front());
  };
  CHECK(of({"k_1.32.1.raw", "k_1.9.4.raw", "k_1.32.0.raw"}) ==
        std::vector<std::string>{"1.32", "1.9"});
  CHECK(of({"k_1.32.1.raw", "k_1.32.0.raw"}).empty());
  CHECK(of({"k_1.raw", "k_2.raw", "k_v1.2.3.raw"}).empty());
}

TEST_CASE("a definition has systemd and strake follow an extension, on any architecture it has")
{
  const auto files = bakery::definition_files(
      catalogue({"a_1_x86-64.raw.zst", "a_1_arm64.raw.zst"}).front(), site());
  const std::string &transfer = files.at("a.transfer");
  CHECK(has(transfer, "Path=https://example.org/ext\n"));
  CHECK(has(transfer, "[Source]\nType=url-file\n"));
  CHECK(has(transfer, "MatchPattern=a_@v_%a.raw.zst\n"));
  CHECK(has(transfer, "MatchPattern=a_@v_%a.raw\n"));
  CHECK(has(transfer, "CurrentSymlink=/var/lib/extensions/a.raw\n"));
  CHECK(has(transfer, "Verify=yes\n"));
  CHECK(files.contains("a.x86-64.butane.yaml"));
  CHECK(files.contains("a.arm64.butane.yaml"));
}

TEST_CASE("without a signature for systemd's tools a definition is for strake, which has the key")
{
  Site without = site();
  without.openpgp_keyring.clear();
  const auto files = bakery::definition_files(catalogue({"a_1.raw"}).front(), without);
  CHECK(has(files.at("a.transfer"), "Verify=yes\n"));
  CHECK(has(files.at("a.transfer"), "X-Strake-Trust=/etc/strake/trust/Tools & more.pub\n"));
}

TEST_CASE("a series has a transfer of its own, which sees no other one")
{
  const auto files =
      bakery::definition_files(catalogue({"k_1.31.9.raw", "k_1.32.1.raw"}).front(), site());
  CHECK(has(files.at("k_1.32.transfer"), "MatchPattern=k_1.32.@v.raw\n"));
  CHECK(has(files.at("k_1.31.transfer"), "CurrentSymlink=/var/lib/extensions/k.raw\n"));
  CHECK(has(files.at("k.transfer"), "MatchPattern=k_@v.raw\n"));
}

TEST_CASE("a percent sign of the publisher is no specifier")
{
  const auto files =
      bakery::definition_files(catalogue({"a_1.raw"}, "100% static").front(), site());
  CHECK(has(files.at("a.feature"), "Description=100%% static\n"));
}

TEST_CASE("the Butane snippet brings the first version, and all that later ones need")
{
  const auto files = bakery::definition_files(catalogue({"a_1.raw", "a_2.raw"}).front(), site());
  const std::string &butane = files.at("a.butane.yaml");
  CHECK(has(butane, "source: https://example.org/ext/a_2.raw\n"));
  CHECK(has(butane, "hash: sha256-" + verity::hex(digest_of("a_2.raw"))));
  CHECK(has(butane, "target: ../extensions.d/a_2.raw\n"));
  CHECK(has(butane, "          Path=https://example.org/ext\n"));
  CHECK(has(butane, "/etc/sysupdate.a.d/a.feature"));
  CHECK(has(butane, "/etc/systemd/import-pubring.gpg"));
}

TEST_CASE("what a publisher writes is text on a page, never markup")
{
  const Catalogue all = catalogue({"a_1.raw"}, "<script>alert('x')</script> & \"more\"");
  for (const std::string &page :
       {bakery::catalogue_page(all, site()), bakery::extension_page(all[0], site())}) {
    CHECK_FALSE(has(page, "<script"));
    CHECK(has(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;"));
    CHECK(has(page, "Tools &amp; more"));
    CHECK(has(page, "default-src 'none'"));
    CHECK_FALSE(has(page, "http-equiv=\"refresh\""));
  }
}

TEST_CASE("the pages lead to everything by names that also work without a server")
{
  const Catalogue all = catalogue({"a_1.raw", "a_1.spdx.json"});
  const std::string index = bakery::catalogue_page(all, site());
  CHECK(has(index, "href=\"extensions/a.html\""));
  CHECK(has(index, "1.5 KiB"));
  CHECK(has(index, "2026-05-01"));
  const std::string page = bakery::extension_page(all[0], site());
  CHECK(has(page, "href=\"../a_1.raw\""));
  CHECK(has(page, "href=\"../a_1.spdx.json\""));
  CHECK(has(page, "href=\"../index.html\""));
  CHECK(has(page, "href=\"a.transfer\""));
  CHECK(has(page, verity::hex(digest_of("a_1.raw"))));
}

TEST_CASE("the page of a name stays as it is while others are published")
{
  const Catalogue all = catalogue({"a_1.raw"});
  Site later = site();
  later.sequence += 1;
  later.issued += std::chrono::hours(1);
  CHECK(bakery::extension_page(all[0], later) == bakery::extension_page(all[0], site()));
}
