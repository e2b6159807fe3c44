// SPDX-License-Identifier: Apache-2.0
#include "handoff/quarantine.hpp"
#include "support/call_faults.hpp"
#include "support/test_host.hpp"
#include "updater/history.hpp"
#include "updater/policy.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/quarantine");

using base::Dir;
using base::Sys;
using handoff::Blame;
using handoff::find_culprits;
using handoff::Quarantined;
using support::Finished;
using updater::SystemSet;
using updater::SystemSets;

namespace {

const SystemSet in_use{{"docker", "28"}, {"tools", "5"}, {"none", ""}};

/// The version 2 of an extension is in use, and 1 is still here.
void prepare(const support::TempRoot &root)
{
  root.write("etc/sysupdate.a.d/a.transfer",
             "[Transfer]\nVerify=no\n[Source]\nType=url-file\nPath=http://localhost/\n"
             "MatchPattern=a_@v.raw\n[Target]\nType=regular-file\nPath=/var/lib/extensions.d\n"
             "MatchPattern=a_@v.raw\nCurrentSymlink=/var/lib/extensions/a.raw\n");
  for (const std::string version : {"1", "2"})
    root.write("var/lib/extensions.d/a_" + version + ".raw", version);
  root.write("var/lib/extensions/a.raw", "-> ../extensions.d/a_2.raw");
}

/// What the link leads to afterwards; "none" if it is to be gone.
struct Scene {
  std::string instead;
  std::string link;
};

const Scene scenes[] = {{"1", "../extensions.d/a_1.raw"}, {"", "none"}};

void take_out(Sys &sys, const Dir &root, const Scene &scene)
{
  support::with_host(sys, root, [&](const base::Host &host) {
    handoff::take_out(host, {"a", "2", scene.instead, "it does not start"});
  });
}

std::string judge(const Dir &root, const Scene &scene, Finished finished)
{
  const auto link = [&] { return root.link_target("var/lib/extensions/a.raw").value_or("none"); };
  const auto skipped = [&] {
    const auto state = root.find_dir("var/lib/strake");
    return state ? updater::read_policy(*state, "a").skipped : std::vector<std::string>{};
  };
  const std::vector<std::string> bad = {"2"};
  if (link() != scene.link && link() != "../extensions.d/a_2.raw")
    return "the link leads to " + link();
  if (link() == scene.link && skipped() != bad)
    return "an update would bring it back";
  if (finished == Finished::yes && link() != scene.link)
    return "it was said to be done";
  base::LinuxSys sys;
  take_out(sys, root, scene);
  const auto history = updater::read_history(root.dir("var/lib/strake"));
  return link() == scene.link && skipped() == bad && history.back().action == "quarantine"
             ? ""
             : "the next call does not end it";
}

} // namespace

TEST_CASE("an extension that has not gone well before is to blame for what is its own")
{
  const SystemSets sets{.sets = {{"1", {{"docker", "27"}, {"tools", "5"}}}, {"2", in_use}},
                        .followed = "2"};
  CHECK(find_culprits({{"dockerd.service: it is failed", "docker"},
                       {"/usr/lib/greenboot/check/required.d/docker: it ended with 1", "docker"}},
                      in_use,
                      sets) ==
        std::vector<Quarantined>{
            {"docker",
             "28",
             "",
             "dockerd.service: it is failed; /usr/lib/greenboot/check/required.d/docker: it ended "
             "with 1"}});
}

TEST_CASE("nobody is to blame if something failed that is no extension's")
{
  CHECK(find_culprits({{"a", "docker"}, {"b", ""}}, in_use, {}).empty());
  CHECK(find_culprits({{"a", "docker"}, {"b", "gone"}}, in_use, {}).empty());
  CHECK(find_culprits({{"a", "none"}}, in_use, {}).empty());
  CHECK(find_culprits({}, in_use, {}).empty());
}

TEST_CASE("an extension that went well with another system is not to blame")
{
  const SystemSets sets{.sets = {{"1", {{"docker", "27"}, {"tools", "5"}}}, {"2", in_use}},
                        .followed = "2"};
  CHECK(find_culprits({{"a", "tools"}}, in_use, sets).empty());
  CHECK(find_culprits({{"a", "tools"}, {"b", "docker"}}, in_use, sets).empty());
}

TEST_CASE("several that are to blame are all taken out")
{
  const auto culprits = find_culprits({{"a", "tools"}, {"b", "docker"}}, in_use, {});
  REQUIRE(culprits.size() == 2);
  CHECK(culprits[0] == Quarantined{"tools", "5", "", "a"});
  CHECK(culprits[1] == Quarantined{"docker", "28", "", "b"});
}

TEST_CASE("a cut while an extension is taken out of use is ended by the next call")
{
  for (const Scene &scene : scenes) {
    const support::TempRoot root(support::Storage::memory, {});
    prepare(root);
    support::Recorder sys(root.dir());
    take_out(sys, root.dir(), scene);
    const auto result = support::sweep(
        sys.recording(),
        [&](const Dir &dir, Finished finished) { return judge(dir, scene, finished); },
        {});
    MESSAGE(result.summary());
    CHECK(result.violations == 0);
    CHECK(result.states >= 10);
  }
}

TEST_CASE("a call that fails while an extension is taken out of use does no harm")
{
  for (const Scene &scene : scenes)
    support::fail_each_call(
        prepare,
        [&](Sys &sys, const Dir &root) { take_out(sys, root, scene); },
        [&](const Dir &root, Finished finished) { return judge(root, scene, finished); },
        {support::FaultTime::before, support::FaultTime::after});
}
