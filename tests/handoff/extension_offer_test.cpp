// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/extension_offer.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/extension_offer");

using handoff::ExtensionOffer;
using verity::Artifact;
using verity::Release;
using verity::ReleaseManifest;

namespace {

const updater::Recipient debian{.os_release = {{"ID", "debian"}, {"VERSION_ID", "13"}}};

Release release(const std::string &version, const std::vector<Artifact> &artifacts)
{
  return {.name = "hello", .version = version, .artifacts = artifacts};
}

Artifact image(const std::string &name, const std::string &architecture = "")
{
  return {.name = name, .architecture = architecture};
}

std::string pattern(const std::string &file, const std::string &architecture = "")
{
  return handoff::pattern_of(release("1.2", {}), image(file, architecture));
}

} // namespace

TEST_CASE("the newest version that this machine may have is offered, and why not the newest of all")
{
  ReleaseManifest manifest;
  manifest.releases = {release("1.9", {image("hello_1.9.raw")}),
                       release("1.10", {image("hello_1.10.raw")}),
                       release("1.11", {image("hello_1.11.raw")})};
  manifest.releases[2].fits = {{.id = "fedora"}};
  const auto offers = handoff::offers_of(manifest, debian, "x86-64");
  REQUIRE(offers.size() == 1);
  CHECK(offers[0].release == &manifest.releases[1]);
  CHECK(offers[0].image == manifest.releases[1].artifacts.data());
  CHECK(offers[0].newest == "1.11");
  CHECK(offers[0].why == "it fits fedora, and this is debian 13");

  manifest.releases[1].withdrawn = "no";
  CHECK(handoff::offers_of(manifest, debian, "x86-64")[0].release == manifest.releases.data());
}

TEST_CASE("what has no image for this machine is no offer")
{
  ReleaseManifest manifest;
  manifest.releases = {release(
      "1", {image("hello_1_arm64.raw", "arm64"), image("hello_1_x86-64.spdx.json", "x86-64")})};
  const ExtensionOffer offer = handoff::offers_of(manifest, debian, "x86-64").front();
  CHECK(offer.release == nullptr);
  CHECK(offer.why == "it has no image for x86-64");
  CHECK(handoff::offers_of(manifest, debian, "arm64").front().release != nullptr);
}

TEST_CASE("systems are no extensions")
{
  ReleaseManifest manifest;
  manifest.releases = {release("1", {image("hello_1.raw")})};
  manifest.releases[0].kind = verity::ReleaseKind::os;
  CHECK(handoff::offers_of(manifest, debian, "x86-64").empty());
}

TEST_CASE("a pattern follows the versions of a file, for this architecture")
{
  CHECK(pattern("hello_1.2.raw") == "hello_@v.raw");
  CHECK(pattern("hello_1.2_x86-64.raw.zst", "x86-64") == "hello_@v_%a.raw.zst");
  CHECK(pattern("images_1.2/hello_1.2_x86-64.raw", "x86-64") == "images_1.2/hello_@v_%a.raw");
  CHECK(pattern("hello_1.2_any.raw", "x86-64") == "hello_@v_any.raw");
  for (const std::string file : {"hello.raw", "hello_1.3.raw", "he@llo_1.2.raw"})
    CHECK_THROWS_AS(pattern(file), base::Error);
}

TEST_SUITE_END();
