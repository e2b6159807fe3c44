// SPDX-License-Identifier: Apache-2.0
// The power is cut, and a call fails, at every moment in which extensions follow a system that was
// started: the next call ends it, and neither set is lost.
#include "handoff/follow.hpp"
#include "handoff/member_choices.hpp"
#include "support/call_faults.hpp"
#include "support/test_host.hpp"
#include "updater/system_set.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/follow");

using base::Dir;
using base::Sys;
using support::Finished;
using updater::SystemSets;

namespace {

/// The system 2 was started, and what is in use is of 1.
void prepare(const support::TempRoot &root)
{
  for (const std::string name : {"a", "b"}) {
    root.write("etc/sysupdate." + name + ".d/x.transfer",
               "[Transfer]\nVerify=no\n[Source]\nType=url-file\nPath=http://localhost/\n"
               "MatchPattern=" +
                   name +
                   "_@v.raw\n[Target]\nType=regular-file\nPath=/var/lib/extensions.d\n"
                   "MatchPattern=" +
                   name + "_@v.raw\nCurrentSymlink=/var/lib/extensions/" + name + ".raw\n");
    for (const std::string version : {"1", "2"})
      root.write("var/lib/extensions.d/" + name + "_" + version + ".raw", version);
    root.write("var/lib/extensions/" + name + ".raw", "-> ../extensions.d/" + name + "_1.raw");
  }
  root.write("var/lib/extensions.d/a_1.5.raw", "1.5");
  root.write("usr/lib/os-release", "ID=x\nIMAGE_VERSION=2\n");
  root.write("var/lib/strake/sets.json",
             R"({"followed": "1", "following": "", "sets": {"1": {"a": "0", "b": "0"},)"
             R"( "2": {"a": "2", "b": ""}}})");
}

void follow(Sys &sys, const Dir &root)
{
  support::with_host(sys, root, [](const base::Host &host) { (void)handoff::follow_system(host); });
}

std::string link_of(const Dir &root, const std::string &name)
{
  return root.link_target("var/lib/extensions/" + name + ".raw").value_or("none");
}

std::string judge(const Dir &root, Finished finished)
{
  base::LinuxSys sys;
  const std::string a = link_of(root, "a");
  if (a != "../extensions.d/a_1.raw" && a != "../extensions.d/a_2.raw")
    return "a leads to " + a;
  if (finished == Finished::yes && (!a.ends_with("a_2.raw") || link_of(root, "b") != "none"))
    return "it was said to be done";
  follow(sys, root);
  const SystemSets sets = updater::read_system_sets(root.dir("var/lib/strake"));
  const SystemSets wanted{.sets = {{"1", {{"a", "1"}, {"b", "1"}}}, {"2", {{"a", "2"}, {"b", ""}}}},
                          .followed = "2"};
  if (sets != wanted)
    return "the sets are " + root.text("var/lib/strake/sets.json").value_or("gone");
  return link_of(root, "a").ends_with("a_2.raw") && link_of(root, "b") == "none"
             ? ""
             : "the next call does not end it";
}

} // namespace

TEST_CASE("what others have brought for the system that runs does not go with the one before")
{
  const support::TempRoot root(support::Storage::memory, {});
  prepare(root);
  root.write("var/lib/strake/sets.json",
             R"({"followed": "1", "following": "", "sets": {"1": {"a": "1", "b": "1"}}})");
  root.write("var/lib/extensions/a.raw", "-> ../extensions.d/a_2.raw");
  base::LinuxSys sys;
  follow(sys, root.dir());
  CHECK(link_of(root.dir(), "a") == "../extensions.d/a_2.raw");
  const SystemSets sets = updater::read_system_sets(root.dir().dir("var/lib/strake"));
  CHECK(sets.sets.at("1") == updater::SystemSet{{"a", "1"}, {"b", "1"}});
  CHECK(sets.followed == "2");
}

TEST_CASE("an extension that goes with the system does so while its link leads elsewhere")
{
  const support::TestHost machine;
  prepare(machine.root);
  CHECK(handoff::is_coupled_component(machine.host, "a"));
  CHECK_FALSE(handoff::is_coupled_component(machine.host, "b"));
}

TEST_CASE("a cut while extensions follow the system is ended by the next call, and no set is lost")
{
  const support::TempRoot root(support::Storage::memory, {});
  prepare(root);
  support::Recorder sys(root.dir());
  follow(sys, root.dir());
  const auto result = support::sweep(sys.recording(), judge, {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 10);
}

TEST_CASE("a call that fails while extensions follow the system does no harm")
{
  support::fail_each_call(
      prepare, follow, judge, {support::FaultTime::before, support::FaultTime::after});
}
