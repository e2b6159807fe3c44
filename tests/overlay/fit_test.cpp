// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/fit.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <vector>

TEST_SUITE_BEGIN("overlay/fit");

using overlay::Class;
using overlay::Release;
using overlay::Target;
using overlay::Verdict;

namespace {

const Target debian{.os_release = {{"ID", "debian"}, {"VERSION_ID", "13"}},
                    .architecture = "x86-64"};

/// The rule that refused it; "" if it fits.
std::string
rule(const Release &release, const Target &target, Class extension_class = Class::sysext)
{
  const Verdict verdict = overlay::fits(release, target, extension_class);
  CHECK(verdict.fits == verdict.rule.empty());
  CHECK(verdict.fits == verdict.why.empty());
  CHECK(verdict.fits == verdict.fix.empty());
  return verdict.rule;
}

Target with(const Release &more, const Target &target = debian)
{
  Target result = target;
  for (const auto &[key, value] : more)
    result.os_release[key] = value;
  return result;
}

struct Row {
  Release release;
  Target target;
  std::string rule;
};

void check(const std::vector<Row> &rows, Class extension_class = Class::sysext)
{
  for (const Row &row : rows) {
    std::string text;
    for (const auto &[key, value] : row.release)
      text += key + "=" + value + " ";
    CHECK_MESSAGE(rule(row.release, row.target, extension_class) == row.rule, text);
  }
}

const Target rolling{.os_release = {{"ID", "arch"}}, .architecture = "x86-64"};

} // namespace

TEST_CASE("without release data nothing fits")
{
  CHECK(overlay::fits(std::nullopt, debian, Class::sysext).rule == "no-release");
  CHECK(rule({}, debian) == "no-release");
}

TEST_CASE("an extension fits the system and portable services, unless it names its scopes")
{
  Target initrd = debian;
  initrd.is_initrd = true;
  check({{{{"ID", "_any"}}, debian, ""},
         {{{"ID", "_any"}}, initrd, "scope"},
         {{{"ID", "_any"}, {"SYSEXT_SCOPE", "initrd"}}, debian, "scope"},
         {{{"ID", "_any"}, {"SYSEXT_SCOPE", "initrd"}}, initrd, ""},
         {{{"ID", "_any"}, {"SYSEXT_SCOPE", "portable"}}, debian, "scope"},
         {{{"ID", "_any"}, {"SYSEXT_SCOPE", "portable  system\tinitrd"}}, debian, ""},
         {{{"ID", "_any"}, {"SYSEXT_SCOPE", "systems"}}, debian, "scope"},
         {{{"ID", "_any"}, {"SYSEXT_SCOPE", ""}}, debian, "scope"},
         {{{"ID", "_any"}, {"CONFEXT_SCOPE", "initrd"}}, debian, ""}});
  check({{{{"ID", "_any"}, {"CONFEXT_SCOPE", "initrd"}}, debian, "scope"},
         {{{"ID", "_any"}, {"SYSEXT_SCOPE", "initrd"}}, debian, ""}},
        Class::confext);
}

TEST_CASE("an extension fits its own architecture")
{
  check({{{{"ID", "_any"}, {"ARCHITECTURE", "x86-64"}}, debian, ""},
         {{{"ID", "_any"}, {"ARCHITECTURE", "_any"}}, debian, ""},
         {{{"ID", "_any"}, {"ARCHITECTURE", ""}}, debian, ""},
         {{{"ID", "_any"}, {"ARCHITECTURE", "x86"}}, debian, "architecture"},
         {{{"ID", "_any"}, {"ARCHITECTURE", "x86_64"}}, debian, "architecture"},
         {{{"ID", "_any"}, {"ARCHITECTURE", "arm64"}}, debian, "architecture"}});
}

TEST_CASE("an extension fits the system with its ID, one that is like it, or any")
{
  const Target derived = with({{"ID", "mine"}, {"ID_LIKE", "ubuntu debian"}});
  check({{{{"VERSION_ID", "13"}}, debian, "id-missing"},
         {{{"ID", ""}, {"VERSION_ID", "13"}}, debian, "id-missing"},
         {{{"ID", "debian"}, {"VERSION_ID", "13"}}, debian, ""},
         {{{"ID", "fedora"}, {"VERSION_ID", "13"}}, debian, "id"},
         {{{"ID", "_any"}}, debian, ""},
         {{{"ID", "_any"}, {"VERSION_ID", "12"}, {"SYSEXT_LEVEL", "x"}}, debian, ""},
         {{{"ID", "debian"}, {"VERSION_ID", "13"}}, derived, ""},
         {{{"ID", "mine"}, {"VERSION_ID", "13"}}, derived, ""},
         {{{"ID", "debia"}, {"VERSION_ID", "13"}}, derived, "id"},
         {{{"ID", "ubuntu debian"}, {"VERSION_ID", "13"}}, derived, "id"}});
}

TEST_CASE(
    "an extension fits the level, else the version, of the system, and a rolling one as it is")
{
  const Target level = with({{"SYSEXT_LEVEL", "2"}});
  const Target level_only = with({{"SYSEXT_LEVEL", "2"}}, rolling);
  check({{{{"ID", "arch"}}, rolling, ""},
         {{{"ID", "arch"}, {"VERSION_ID", "7"}, {"SYSEXT_LEVEL", "1"}}, rolling, ""},
         {{{"ID", "debian"}}, debian, "version-id"},
         {{{"ID", "debian"}, {"VERSION_ID", ""}}, debian, "version-id"},
         {{{"ID", "debian"}, {"VERSION_ID", "12"}}, debian, "version-id"},
         {{{"ID", "debian"}, {"VERSION_ID", "13.0"}}, debian, "version-id"},
         {{{"ID", "debian"}, {"SYSEXT_LEVEL", "2"}}, level, ""},
         {{{"ID", "debian"}, {"SYSEXT_LEVEL", "2"}, {"VERSION_ID", "12"}}, level, ""},
         {{{"ID", "debian"}, {"SYSEXT_LEVEL", "1"}, {"VERSION_ID", "13"}}, level, "level"},
         {{{"ID", "debian"}, {"VERSION_ID", "13"}}, level, ""},
         {{{"ID", "debian"}, {"VERSION_ID", "12"}}, level, "version-id"},
         {{{"ID", "debian"}, {"SYSEXT_LEVEL", "2"}}, debian, "version-id"},
         {{{"ID", "debian"}, {"CONFEXT_LEVEL", "2"}}, level, "version-id"},
         {{{"ID", "arch"}, {"SYSEXT_LEVEL", "1"}}, level_only, "level"},
         {{{"ID", "arch"}}, level_only, ""}});
  check({{{{"ID", "debian"}, {"CONFEXT_LEVEL", "9"}}, with({{"CONFEXT_LEVEL", "9"}}), ""},
         {{{"ID", "debian"}, {"CONFEXT_LEVEL", "9"}}, with({{"CONFEXT_LEVEL", "8"}}), "level"}},
        Class::confext);
}

TEST_CASE("an extension may ask for a range of versions, and for a build or an image")
{
  const Target image = with({{"VERSION_ID", "24.10"},
                             {"BUILD_ID", "2026-05-01"},
                             {"IMAGE_ID", "box"},
                             {"IMAGE_VERSION", "7.2"}});
  const auto asks = [](std::string key, std::string value) {
    return Release{{"ID", "debian"},
                   {std::move(key), std::move(value)},
                   {"STRAKE_MATCH_VERSION_ID", ">=24.04"}};
  };
  const auto range = [](std::string value) {
    return Release{{"ID", "debian"}, {"STRAKE_MATCH_VERSION_ID", std::move(value)}};
  };
  check({{range(">=24.04 <25"), image, ""},
         {range(">=24.04 <24.10"), image, "match-version-id"},
         {range("<=24.10"), image, ""},
         {range(">24.10"), image, "match-version-id"},
         {range("24.10"), image, ""},
         {range("=24.10"), image, ""},
         {range("==24.9"), image, "match-version-id"},
         {range("!=24.10"), image, "match-version-id"},
         {range("!=24.9"), image, ""},
         {range(">= 24"), image, "match-version-id"},
         {range(">=24"), with({{"VERSION_ID", ""}}), "match-version-id"},
         // An empty list asks for nothing, and leaves the rule of systemd as it is.
         {range(""), image, "version-id"},
         {asks("STRAKE_MATCH_BUILD_ID", ">=2026-04-01"), image, ""},
         {asks("STRAKE_MATCH_BUILD_ID", ">=2026-06-01"), image, "match-build-id"},
         {asks("STRAKE_MATCH_IMAGE_ID", "box"), image, ""},
         {asks("STRAKE_MATCH_IMAGE_ID", "bag"), image, "match-image-id"},
         {asks("STRAKE_MATCH_IMAGE_VERSION", ">=7 <8"), image, ""},
         {asks("STRAKE_MATCH_IMAGE_VERSION", "<7"), image, "match-image-version"},
         {asks("STRAKE_MATCH_IMAGE_VERSION", "<7"),
          with({{"VERSION_ID", "24.10"}}),
          "match-image-version"}});
  // It replaces VERSION_ID= only, and holds with ID=_any and with a level too.
  check({{{{"ID", "fedora"}, {"STRAKE_MATCH_VERSION_ID", ">1"}}, image, "id"},
         {{{"ID", "_any"}, {"STRAKE_MATCH_VERSION_ID", "<24"}}, image, "match-version-id"},
         {{{"ID", "debian"}, {"SYSEXT_LEVEL", "1"}, {"STRAKE_MATCH_VERSION_ID", ">1"}},
          with({{"SYSEXT_LEVEL", "2"}}),
          "level"},
         {{{"ID", "debian"}, {"VERSION_ID", "12"}, {"STRAKE_MATCH_VERSION_ID", ">1"}}, image, ""}});
}

TEST_CASE("a verdict has both values and what to do")
{
  const Verdict id = overlay::fits(Release{{"ID", "fedora"}}, debian, Class::sysext);
  CHECK(id.why == "it is for the system fedora, and this is debian");
  CHECK(id.fix == "get the extension that was made for debian");
  const Verdict version =
      overlay::fits(Release{{"ID", "debian"}, {"VERSION_ID", "12"}}, debian, Class::sysext);
  CHECK(version.why == "it is for VERSION_ID 12, and the system is 13");
  const Verdict scope =
      overlay::fits(Release{{"ID", "debian"}, {"CONFEXT_SCOPE", "initrd"}}, debian, Class::confext);
  CHECK(scope.why == "it is for the scopes \"initrd\", and this is \"system\"");
  CHECK(scope.fix == "add system to CONFEXT_SCOPE= of the extension");
}

TEST_CASE("a value that a terminal would act on is shown as its bytes")
{
  const Verdict id = overlay::fits(Release{{"ID", "\x1b[2Jx"}}, debian, Class::sysext);
  CHECK(id.why == "it is for the system \\x1b[2Jx, and this is debian");
}

TEST_CASE("the target is what os-release beneath the root says, or the file of the environment")
{
  support::TestHost test;
  test.root.write("usr/lib/os-release", "ID=a\nVERSION_ID=1\n");
  test.root.write("srv/release", "ID=b\n");
  Target target = overlay::read_target(test.host);
  CHECK(target.os_release == Release{{"ID", "a"}, {"VERSION_ID", "1"}});
  CHECK_FALSE(target.is_initrd);
  CHECK_FALSE(target.architecture.empty());
  test.root.write("etc/initrd-release", "");
  test.host.environment["SYSTEMD_OS_RELEASE"] = "/srv/release";
  target = overlay::read_target(test.host);
  CHECK(target.os_release == Release{{"ID", "b"}});
  CHECK(target.is_initrd);
}

TEST_CASE("a system that does not say what it is cannot be a target")
{
  support::TestHost test;
  const std::string missing = test.root.path() +
                              "/etc/os-release does not say ID=, without which no extension can be "
                              "matched";
  CHECK_THROWS_WITH_AS((void)overlay::read_target(test.host), missing.c_str(), base::Error);
  test.root.write("etc/os-release", "VERSION_ID=1\n");
  CHECK_THROWS_WITH_AS((void)overlay::read_target(test.host), missing.c_str(), base::Error);
  test.host.environment["SYSTEMD_OS_RELEASE"] = "/none";
  const std::string absent =
      "there is no " + test.root.path() + "/none, which $SYSTEMD_OS_RELEASE names";
  CHECK_THROWS_WITH_AS((void)overlay::read_target(test.host), absent.c_str(), base::Error);
}

TEST_CASE("a system extension must not bring an os-release, a confext may")
{
  const support::TempRoot root{{"etc/os-release", "ID=x\n"}};
  CHECK(overlay::judge_content(root.dir(), Class::sysext).fits);
  root.write("usr/lib/os-release", "-> /nowhere");
  CHECK(overlay::judge_content(root.dir(), Class::sysext).rule == "os-release");
  CHECK(overlay::judge_content(root.dir(), Class::confext).fits);
}
