// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "updater/attempt.hpp"
#include "updater/catalog.hpp"
#include "updater/choose.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("updater/catalog");

using updater::Catalog;
using updater::Holding;
using updater::Instance;
using updater::Offline;
using updater::Policy;
using updater::Presence;
using Strings = std::vector<std::string>;

namespace {

Instance instance(const std::string &version, Presence presence = Presence::installed)
{
  Instance result;
  result.metadata.version = version;
  result.presence = presence;
  result.name = "x_" + version;
  return result;
}

Holding holding(const Strings &available, const std::vector<Instance> &installed)
{
  Holding result;
  for (const std::string &version : available)
    result.available.push_back(instance(version));
  result.installed = installed;
  return result;
}

Strings words(const Catalog &catalog)
{
  Strings lines;
  for (const updater::UpdateSet &set : catalog.sets)
    lines.push_back(set.version + " " + updater::assessment(set));
  return lines;
}

std::string candidate(const Catalog &catalog)
{
  return catalog.candidate_set() != nullptr ? catalog.candidate_set()->version : "none";
}

Catalog with_one(const Instance &other, const std::string &min_version = "")
{
  // Version 2 whole in the first transfer; the second has `other`.
  std::vector<Holding> holdings = {holding({}, {instance("2")}), holding({}, {other})};
  holdings[0].transfer.min_version = min_version;
  return updater::assess(holdings, Offline::yes);
}

std::string refusal(const Catalog &catalog, const std::string &version)
{
  try {
    updater::choose(catalog, {}, version);
  } catch (const base::Error &error) {
    return std::string(base::name(error.kind())) + ": " + error.what();
  }
  return "";
}

} // namespace

TEST_CASE("what is installed is current, protected or installed")
{
  Holding one = holding({}, {instance("3"), instance("2"), instance("1")});
  one.transfer.protect_versions = {"2", "3"};
  CHECK(words(updater::assess({one}, Offline::yes)) ==
        Strings{"3 current", "2 protected", "1 installed"});
}

TEST_CASE("what is on offer is the candidate or available")
{
  CHECK(words(updater::assess({holding({"3", "2"}, {instance("1")})}, Offline::no)) ==
        Strings{"3 candidate", "2 available", "1 current"});
}

TEST_CASE("each word of what is installed says what is wrong with it")
{
  CHECK(words(with_one(instance("2"))) == Strings{"2 current"});
  CHECK(words(with_one(instance("2", Presence::pending))) == Strings{"2 current+pending"});
  CHECK(words(with_one(instance("2", Presence::partial))) == Strings{"2 current+partial"});
  CHECK(words(with_one(instance("1"))) ==
        Strings{"2 current+incomplete", "1 installed+incomplete"});
  CHECK(words(with_one(instance("2"), "9")) == Strings{"2 current+obsolete"});
  CHECK(words(with_one(instance("1"), "9")) ==
        Strings{"2 current+obsolete+incomplete", "1 installed+obsolete+incomplete"});
}

TEST_CASE("a protected version that lacks a part is protected+incomplete")
{
  Holding one = holding({}, {instance("2"), instance("1")});
  one.transfer.protect_versions = {"1"};
  CHECK(words(updater::assess({one, holding({}, {instance("2")})}, Offline::yes)) ==
        Strings{"2 current", "1 protected+incomplete"});
}

TEST_CASE("an obsolete version on offer is available+obsolete and never the candidate")
{
  Holding one = holding({"5"}, {});
  one.transfer.min_version = "9";
  const Catalog catalog = updater::assess({one}, Offline::no);
  CHECK(words(catalog) == Strings{"5 available+obsolete"});
  CHECK(candidate(catalog) == "none");
}

TEST_CASE("versions are ordered and joined by the rules for versions, not as text")
{
  CHECK(words(updater::assess({holding({"10", "9~rc1", "9"}, {instance("09")})}, Offline::no)) ==
        Strings{"10 candidate", "09 current", "9~rc1 available"});
}

TEST_CASE("only what every transfer offers is available")
{
  CHECK(words(updater::assess({holding({"3", "2"}, {}), holding({"2", "1"}, {})}, Offline::no)) ==
        Strings{"2 candidate"});
}

TEST_CASE("offline nothing is available")
{
  CHECK(words(updater::assess({holding({"3"}, {instance("1")})}, Offline::yes)) ==
        Strings{"1 current"});
}

TEST_CASE("the candidate is newer than all that is installed, or repairs the newest")
{
  const auto of = [](const Strings &available, const std::vector<Instance> &installed) {
    return candidate(updater::assess(
        {holding(available, {instance("2")}), holding(available, installed)}, Offline::no));
  };
  CHECK(of({"3"}, {instance("2")}) == "3");
  CHECK(of({"2"}, {instance("2")}) == "none");
  CHECK(of({"1"}, {instance("2")}) == "none");
  CHECK(of({"2"}, {}) == "2");
  CHECK(of({"1"}, {}) == "none"); // what is missing of 2 is not on offer
  CHECK(of({"2"}, {instance("2", Presence::partial)}) == "2");
  CHECK(of({"1"}, {instance("2", Presence::partial)}) == "none");
  CHECK(of({}, {instance("2", Presence::pending)}) == "2");
  CHECK(of({"3"}, {}) == "3"); // rather than repairing what is old
}

TEST_CASE("what was made ready and then withdrawn is not put into effect")
{
  Holding waiting = holding({"1"}, {instance("2", Presence::pending), instance("1")});
  CHECK(candidate(updater::assess({waiting}, Offline::no)) == "2");
  waiting.terms.push_back({.version = "2", .why = "its publisher withdrew it", .turn = {}});
  const Catalog catalog = updater::assess({waiting}, Offline::no);
  CHECK(candidate(catalog) == "none");
  CHECK(updater::choose(catalog, {}, "").set == nullptr);
}

TEST_CASE("an attempt shows its version as partial, in its place among the others")
{
  Catalog catalog = updater::assess({holding({"4", "3"}, {instance("2")})}, Offline::no);
  updater::show_attempt(catalog, {"4", ""}, 1);
  CHECK(words(catalog) == Strings{"4 candidate+partial", "3 available", "2 current"});
  updater::show_attempt(catalog, {"3.5", ""}, 1);
  CHECK(words(catalog) ==
        Strings{"4 candidate+partial", "3.5 unavailable+partial", "3 available", "2 current"});
  CHECK(candidate(catalog) == "4");
  CHECK(catalog.sets[*catalog.newest_installed].version == "2");
  CHECK(catalog.find("3.5")->parts.size() == 1);
}

TEST_CASE("an attempt at a version that is whole by now says nothing")
{
  Catalog catalog = updater::assess({holding({}, {instance("2")})}, Offline::yes);
  updater::show_attempt(catalog, {"2", "network: it broke"}, 1);
  CHECK(words(catalog) == Strings{"2 current"});
}

TEST_CASE("for every version that is not chosen there is a reason")
{
  Holding one = holding({"7", "6", "5", "4", "3", "2"}, {instance("4"), instance("1")});
  one.transfer.min_version = "3";
  Policy policy;
  policy.skipped = {"7"};
  const Catalog catalog = updater::assess({one}, Offline::no);
  const updater::Choice choice = updater::choose(catalog, policy, "");
  REQUIRE(choice.set != nullptr);
  CHECK(choice.set->version == "6");
  Strings reasons;
  for (const auto &other : choice.others)
    reasons.push_back(other.version + ": " + other.why);
  CHECK(reasons == Strings{"7: it is to be skipped; lift it with \"strake release 7\"",
                           "5: a newer version is chosen",
                           "4: it is installed already",
                           "3: a newer version is in effect",
                           "2: it is older than a MinVersion= in the definitions",
                           "1: it is installed already"});
}

TEST_CASE("a policy holds, pins or skips what would be chosen")
{
  const Catalog catalog = updater::assess({holding({"4", "3", "1"}, {instance("2")})}, Offline::no);
  const auto chosen = [&](const Policy &policy) {
    const updater::Choice choice = updater::choose(catalog, policy, "");
    return choice.set != nullptr ? choice.set->version : "none";
  };
  CHECK(chosen({}) == "4");
  CHECK(chosen({.pin = {}, .hold = true, .skipped = {}, .rolled_back_to = {}}) == "none");
  CHECK(chosen({.pin = "3", .hold = false, .skipped = {}, .rolled_back_to = {}}) == "3");
  CHECK(chosen({.pin = "1", .hold = false, .skipped = {}, .rolled_back_to = {}}) == "1");
  CHECK(chosen({.pin = "9", .hold = false, .skipped = {}, .rolled_back_to = {}}) == "none");
  CHECK(chosen({.pin = {}, .hold = false, .skipped = {"4"}, .rolled_back_to = {}}) == "3");
  CHECK(chosen({.pin = {}, .hold = false, .skipped = {"3", "4"}, .rolled_back_to = {}}) == "none");
}

TEST_CASE("a version asked for by name is taken whatever the policy says")
{
  const Catalog catalog = updater::assess({holding({"3"}, {instance("2")})}, Offline::no);
  const Policy policy{.pin = "9", .hold = true, .skipped = {"3"}, .rolled_back_to = {}};
  CHECK(updater::choose(catalog, policy, "3").set->version == "3");
}

TEST_CASE("a version asked for by name that cannot be had is refused with the reason")
{
  Holding one = holding({"1"}, {instance("3")});
  one.transfer.min_version = "2";
  Holding other = holding({"1"}, {});
  const Catalog catalog = updater::assess({one, other}, Offline::no);
  CHECK(refusal(catalog, "9") ==
        "not_found: Update '9' not found; \"strake list\" shows the versions there are");
  CHECK(refusal(catalog, "3") == "not_found: Selected update '3' is not available, refusing.");
  CHECK(refusal(catalog, "1") ==
        "config: Selected update '1' is obsolete, refusing: it is older than a MinVersion= in the "
        "definitions");
}
