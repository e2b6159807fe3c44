// SPDX-License-Identifier: Apache-2.0
// What people see of a repository: the catalogue, its pages, and the files they install.
#include "bakery/catalogue_page.hpp"
#include "bakery/definition_files.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("bakery/catalogue");

using bakery::Catalogue;
using bakery::catalogue_of;
using bakery::OfferedFile;
using bakery::Site;

namespace {

OfferedFile offered(const std::string &file, const std::string &description = "")
{
  return {.name = bakery::parse_image_file(file).value(),
          .size = 1536,
          .sha256 = verity::digest_of(std::as_bytes(std::span(file))),
          .published = std::chrono::sys_days(std::chrono::year{2026} / 5 / 1),
          .description = description};
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
  const Catalogue catalogue = catalogue_of({offered("b_1.raw"),
                                            offered("a_1.9.raw"),
                                            offered("a_1.10.raw"),
                                            offered("a_1.10~rc1.raw"),
                                            offered("a_1.10.spdx.json")});
  REQUIRE(catalogue.size() == 2);
  CHECK(catalogue[0].name == "a");
  REQUIRE(catalogue[0].versions.size() == 3);
  CHECK(catalogue[0].versions[0].version == "1.10");
  REQUIRE(catalogue[0].versions[0].files.size() == 2);
  CHECK(catalogue[0].versions[0].files[0].name.file == "a_1.10.raw");
  CHECK(catalogue[0].versions[1].version == "1.10~rc1");
  CHECK(catalogue[1].name == "b");
}

TEST_CASE("a series is offered where there are several")
{
  const auto of = [](std::vector<OfferedFile> files) {
    return bakery::series_of(catalogue_of(std::move(files)).front());
  };
  CHECK(of({offered("k_1.32.1.raw"), offered("k_1.9.4.raw"), offered("k_1.32.0.raw")}) ==
        std::vector<std::string>{"1.32", "1.9"});
  CHECK(of({offered("k_1.32.1.raw"), offered("k_1.32.0.raw")}).empty());
  CHECK(of({offered("k_1.raw"), offered("k_2.raw"), offered("k_v1.2.3.raw")}).empty());
}

TEST_CASE("a definition has systemd and strake follow an extension, on any architecture it has")
{
  const auto files = bakery::definition_files(
      catalogue_of({offered("a_1_x86-64.raw.zst"), offered("a_1_arm64.raw.zst")}).front(), site());
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

TEST_CASE("a series has a transfer of its own, which sees no other one")
{
  const auto files = bakery::definition_files(
      catalogue_of({offered("k_1.31.9.raw"), offered("k_1.32.1.raw")}).front(), site());
  CHECK(has(files.at("k_1.32.transfer"), "MatchPattern=k_1.32.@v.raw\n"));
  CHECK(has(files.at("k_1.31.transfer"), "CurrentSymlink=/var/lib/extensions/k.raw\n"));
  CHECK(has(files.at("k.transfer"), "MatchPattern=k_@v.raw\n"));
}

TEST_CASE("a percent sign of the publisher is no specifier")
{
  const auto files =
      bakery::definition_files(catalogue_of({offered("a_1.raw", "100% static")}).front(), site());
  CHECK(has(files.at("a.feature"), "Description=100%% static\n"));
}

TEST_CASE("the Butane snippet brings the first version, and all that later ones need")
{
  const auto files = bakery::definition_files(
      catalogue_of({offered("a_1.raw"), offered("a_2.raw")}).front(), site());
  const std::string &butane = files.at("a.butane.yaml");
  CHECK(has(butane, "source: https://example.org/ext/a_2.raw\n"));
  CHECK(has(butane, "hash: sha256-" + verity::hex(offered("a_2.raw").sha256)));
  CHECK(has(butane, "target: ../extensions.d/a_2.raw\n"));
  CHECK(has(butane, "          Path=https://example.org/ext\n"));
  CHECK(has(butane, "/etc/sysupdate.a.d/a.feature"));
  CHECK(has(butane, "/etc/systemd/import-pubring.gpg"));
}

TEST_CASE("what a publisher writes is text on a page, never markup")
{
  const Catalogue catalogue =
      catalogue_of({offered("a_1.raw", "<script>alert('x')</script> & \"more\"")});
  for (const std::string &page :
       {bakery::catalogue_page(catalogue, site()), bakery::extension_page(catalogue[0], site())}) {
    CHECK_FALSE(has(page, "<script"));
    CHECK(has(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;"));
    CHECK(has(page, "Tools &amp; more"));
    CHECK(has(page, "default-src 'none'"));
    CHECK_FALSE(has(page, "http-equiv=\"refresh\""));
  }
}

TEST_CASE("the pages lead to everything by names that also work without a server")
{
  const Catalogue catalogue = catalogue_of({offered("a_1.raw"), offered("a_1.spdx.json")});
  const std::string index = bakery::catalogue_page(catalogue, site());
  CHECK(has(index, "href=\"extensions/a.html\""));
  CHECK(has(index, "1.5 KiB"));
  CHECK(has(index, "2026-05-01"));
  const std::string page = bakery::extension_page(catalogue[0], site());
  CHECK(has(page, "href=\"../a_1.raw\""));
  CHECK(has(page, "href=\"../a_1.spdx.json\""));
  CHECK(has(page, "href=\"../index.html\""));
  CHECK(has(page, "href=\"a.transfer\""));
  CHECK(has(page, verity::hex(offered("a_1.raw").sha256)));
}

TEST_CASE("the page of a name stays as it is while others are published")
{
  const Catalogue catalogue = catalogue_of({offered("a_1.raw")});
  Site later = site();
  later.sequence += 1;
  later.issued += std::chrono::hours(1);
  CHECK(bakery::extension_page(catalogue[0], later) ==
        bakery::extension_page(catalogue[0], site()));
}
