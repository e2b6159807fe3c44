// SPDX-License-Identifier: Apache-2.0
#include "support/test_host.hpp"
#include "updater/release_terms.hpp"

#include <doctest/doctest.h>

#include <set>

TEST_SUITE_BEGIN("updater/release_terms");

using updater::Recipient;
using verity::FittingSystem;
using verity::Release;

namespace {

std::chrono::sys_seconds at(int hour)
{
  return std::chrono::sys_days(std::chrono::year(2026) / 11 / 26) + std::chrono::hours(hour);
}

Release release(const std::string &version)
{
  return {.name = "hello", .version = version};
}

const Recipient debian{.os_release = {{"ID", "derived"},
                                      {"ID_LIKE", "other debian"},
                                      {"VERSION_ID", "13"},
                                      {"SYSEXT_LEVEL", "2"}},
                       .machine_id = "0123456789abcdef0123456789abcdef",
                       .now = at(12)};

std::string misfit(const FittingSystem &system, const Recipient &recipient = debian)
{
  Release one = release("1");
  one.fits = {system};
  return updater::misfit(one, recipient).value_or("");
}

std::string
hindrance(const Release &one, const std::string &installed, const std::vector<Release> &all = {})
{
  return updater::hindrance(one, all, debian, installed).value_or("");
}

} // namespace

TEST_CASE("a release that fits no system in particular fits every one")
{
  CHECK_FALSE(updater::misfit(release("1"), debian));
  CHECK(misfit({.id = "_any"}).empty());
}

TEST_CASE("all that is said of a system has to hold")
{
  CHECK(misfit({.id = "derived"}).empty());
  CHECK(misfit({.id = "debian"}).empty());
  CHECK(misfit({.id = "fedora"}) == "it fits fedora, and this is derived 13");
  CHECK(misfit({.id = "debian", .version_id = "13"}).empty());
  CHECK(misfit({.id = "debian", .version_id = "12"}) ==
        "it fits debian 12, and this is derived 13");
  CHECK(misfit({.id = "debian", .level = "2"}).empty());
  CHECK_FALSE(misfit({.id = "debian", .level = "1"}).empty());
  CHECK(misfit({.id = "debian", .min_version = "12", .max_version = "13"}).empty());
  CHECK_FALSE(misfit({.id = "debian", .min_version = "13.1"}).empty());
  CHECK(misfit({.id = "debian", .level = "1", .min_version = "1", .max_version = "2"}) ==
        "it fits debian of level 1 from 1 up to 2, and this is derived 13");
}

TEST_CASE("a confext goes by its own level, and an image by its version")
{
  Recipient image = debian;
  image.os_release["CONFEXT_LEVEL"] = "7";
  image.os_release["IMAGE_VERSION"] = "40";
  Release one = release("1");
  one.kind = verity::ReleaseKind::confext;
  one.fits = {{.id = "debian", .level = "7", .min_version = "40"}};
  CHECK_FALSE(updater::misfit(one, image));
  one.kind = verity::ReleaseKind::sysext;
  CHECK(updater::misfit(one, image));
}

TEST_CASE("one of several systems is enough")
{
  Release one = release("1");
  one.fits = {{.id = "fedora"}, {.id = "debian"}};
  CHECK_FALSE(updater::misfit(one, debian));
  one.fits = {{.id = "fedora"}, {.id = "arch"}};
  CHECK(updater::misfit(one, debian) == "it fits fedora, or arch, and this is derived 13");
}

TEST_CASE("what was withdrawn is had by nobody")
{
  Release one = release("2");
  one.withdrawn = "it loses mail";
  CHECK(hindrance(one, "1") == "its publisher withdrew it: it loses mail");
  CHECK(hindrance(one, "") == "its publisher withdrew it: it loses mail");
}

TEST_CASE("a release says what it can follow on")
{
  Release one = release("3");
  one.min_version = "1.5";
  one.max_version = "2.5";
  CHECK(hindrance(one, "2").empty());
  CHECK(hindrance(one, "").empty());
  CHECK(hindrance(one, "1") == "it follows on 1.5 to 2.5, and 1 is installed");
  CHECK(hindrance(one, "2.6") == "it follows on 1.5 to 2.5, and 2.6 is installed");
  one.min_version.clear();
  one.max_version = "0.5";
  CHECK(hindrance(one, "1") == "it follows on any version to 0.5, and 1 is installed");
}

TEST_CASE("nobody leaps over a barrier")
{
  std::vector<Release> all = {release("5"), release("4"), release("3"), release("2"), release("1")};
  all[1].barrier = true;
  all[3].barrier = true;
  CHECK(hindrance(all[0], "1", all) == "2 has to come before it");
  CHECK(hindrance(all[2], "1", all) == "2 has to come before it");
  CHECK(hindrance(all[3], "1", all).empty());
  CHECK(hindrance(all[0], "2", all) == "4 has to come before it");
  CHECK(hindrance(all[0], "4", all).empty());
  CHECK(hindrance(all[0], "", all).empty());
  all[1].withdrawn = "no use";
  CHECK(hindrance(all[0], "2", all).empty());
  all[3].name = "another";
  CHECK(hindrance(all[0], "1", all).empty());
}

TEST_CASE("waves come to a machine by its seed")
{
  Release one = release("2");
  CHECK(updater::turn_of(one, debian) == std::chrono::sys_seconds{});
  const std::uint64_t seed = updater::wave_seed(debian.machine_id, one);
  REQUIRE(seed > 0);
  one.waves = {{.seed_end = seed, .start = at(1)}, {.seed_end = seed + 1, .start = at(2)}};
  CHECK(updater::turn_of(one, debian) == at(2));
  one.waves.pop_back();
  CHECK_FALSE(updater::turn_of(one, debian));
  Recipient nameless = debian;
  nameless.machine_id.clear();
  one.waves = {{.seed_end = 2047, .start = at(1)}, {.seed_end = 2048, .start = at(3)}};
  CHECK(updater::turn_of(one, nameless) == at(3));
}

TEST_CASE("seeds are spread evenly, and anew for each release")
{
  std::vector<unsigned> eighths(8);
  unsigned same = 0;
  constexpr unsigned machines = 8000;
  for (unsigned number = 0; number < machines; ++number) {
    const std::string id = fmt::format("{:032x}", number);
    const std::uint64_t seed = updater::wave_seed(id, release("1"));
    REQUIRE(seed < verity::wave_seeds);
    ++eighths[seed / (verity::wave_seeds / 8)];
    same += seed == updater::wave_seed(id, release("2")) ? 1 : 0;
  }
  for (const unsigned count : eighths) {
    CHECK(count > machines / 8 * 9 / 10);
    CHECK(count < machines / 8 * 11 / 10);
  }
  CHECK(same < 20);
}

TEST_CASE("the machine id is read as it is, or not at all")
{
  support::TestHost host;
  CHECK(updater::read_recipient(host.host, at(1)).machine_id.empty());
  host.root.write("etc/machine-id", "uninitialized\n");
  CHECK(updater::read_recipient(host.host, at(1)).machine_id.empty());
  host.root.write("etc/machine-id", debian.machine_id + "\n");
  host.root.write("etc/os-release", "ID=x\n");
  const Recipient read = updater::read_recipient(host.host, at(1));
  CHECK(read.machine_id == debian.machine_id);
  CHECK(read.os_release.at("ID") == "x");
}

TEST_SUITE_END();
