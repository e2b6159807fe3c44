// SPDX-License-Identifier: Apache-2.0
#include "overlay/versioned_name.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/versioned_name");

using overlay::Misfit;
using overlay::VersionedName;
using overlay::VersionedPlace;

namespace {

const VersionedPlace raw{"foo", ".raw", "x86-64"};
const VersionedPlace directory{"foo", "", "x86-64"};

VersionedName read(const VersionedPlace &place, const std::string &file)
{
  const auto result = overlay::read_versioned_name(place, file);
  REQUIRE_MESSAGE(std::holds_alternative<VersionedName>(result), file);
  return std::get<VersionedName>(result);
}

std::string misfit(const VersionedPlace &place, const std::string &file)
{
  const auto result = overlay::read_versioned_name(place, file);
  REQUIRE_MESSAGE(std::holds_alternative<Misfit>(result), file);
  return std::get<Misfit>(result).rule;
}

} // namespace

TEST_CASE("a name in a .v directory has a version, an architecture and counters")
{
  const VersionedName all = read(raw, "foo_1.2~rc3_x86-64+3-2.raw");
  CHECK(all.file == "foo_1.2~rc3_x86-64+3-2.raw");
  CHECK(all.version == "1.2~rc3");
  CHECK(all.foreignness == 0);
  CHECK(all.tries_left == 3);
  CHECK(all.tries_done == 2);

  const VersionedName plain = read(directory, "foo_1.2-3");
  CHECK(plain.version == "1.2-3");
  CHECK(plain.foreignness == 2);
  CHECK(plain.tries_left == plain.tries_done);
  CHECK(plain.tries_left > 4'000'000'000);

  CHECK(read(raw, "foo_1_x86.raw").foreignness == 1);
  CHECK(read(raw, "foo_1+0.raw").tries_left == 0);
  CHECK(read(raw, "foo_1+0.raw").tries_done == 0);
  CHECK(read({"foo", ".sysext.raw", "arm64"}, "foo_1_arm.sysext.raw").foreignness == 1);
  // No architecture of that name exists: it stands for any, and is gone all the same.
  CHECK(read(directory, "foo_1_2").version == "1");
  // One word alone is a version, whatever it names.
  CHECK(read(directory, "foo_x86-64").version == "x86-64");
}

TEST_CASE("what has another name, another machine's architecture or no version does not fit")
{
  for (const char *file :
       {"foo.raw", "foo_1", "foo_.raw", "bar_1.raw", "foo_1.RAW", ".raw", "", "_"})
    CHECK(misfit(raw, file) == "version-name");
  for (const char *file : {"foo_1+x",
                           "foo_1,2",
                           "foo_1+-1",
                           "foo_1+3-",
                           "foo_1+4294967295",
                           "foo_1+99999999999999999999",
                           "foo_a\nb",
                           "foo_1_2_3",
                           "foo_+1-1"})
    CHECK(misfit(directory, file) == "version-name");
  for (const char *file : {"foo_1_arm64", "foo_1_arm64+1", "foo_2_s390x+1-1"})
    CHECK(misfit(directory, file) == "architecture");
  CHECK(misfit({"foo", "", "arm64"}, "foo_1_x86") == "architecture");
}

TEST_CASE("the best of a .v directory is decided in six steps")
{
  // Each line: from the best to the worst.
  const std::vector<std::vector<std::string>> orders = {
      {"foo_1.10", "foo_1.9", "foo_1.9~rc1"},
      {"foo_2+1", "foo_1", "foo_1+5", "foo_3+0-3", "foo_2+0"},
      {"foo_2_x86", "foo_1_x86-64"},
      {"foo_1_x86-64", "foo_1_x86", "foo_1"},
      {"foo_1+3-2", "foo_1+2"},
      {"foo_1+3-1", "foo_1+3-2"},
      {"foo_1_2", "foo_1_10"},
  };
  for (const auto &order : orders) {
    std::vector<VersionedName> names;
    for (const std::string &file : order)
      names.insert(names.begin(), read(directory, file));
    std::sort(names.begin(), names.end(), [](const auto &one, const auto &other) {
      return overlay::compare(one, other) > 0;
    });
    std::vector<std::string> sorted;
    for (const VersionedName &each : names)
      sorted.push_back(each.file);
    CHECK(sorted == order);
  }
}
