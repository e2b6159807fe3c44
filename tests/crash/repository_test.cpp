// SPDX-License-Identifier: Apache-2.0
// The power is cut at every moment of a publication: clients see what was published before or all
// of the new, every file that is named is there whole, and the next run ends well.
#include "crash/publisher.hpp"
#include "crash/setting.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/repository");

using base::Dir;
using base::Sys;
using crash::publishing;
using crash::run;
using crash::Verb;
using support::Finished;

namespace {

support::Recording recording_of(const std::vector<Verb> &before, const Verb &verb)
{
  const support::TempRoot root(support::Storage::memory,
                               {{"first/a_1.raw", std::string(600, '1')},
                                {"second/a_2.raw", std::string(700, '2')},
                                {"second/b_1.raw", "b"}});
  base::LinuxSys real;
  for (const Verb &each : before)
    run(real, root.dir(), {}, each);
  support::Recorder sys(root.dir());
  run(sys, root.dir(), {}, verb);
  return sys.recording();
}

support::Oracle either(const std::string &before, const std::string &after, const Verb &again)
{
  return [=](const Dir &root, Finished finished) -> std::string {
    const std::string found = crash::seen_in_repository(root);
    if (found != after && (found != before || finished == Finished::yes))
      return "seen: " + found;
    base::LinuxSys sys;
    run(sys, root, {}, again);
    const std::string files = after.substr(after.find(':'));
    const std::string then = crash::seen_in_repository(root);
    if (!then.ends_with(files))
      return "after the next run: " + then;
    return crash::nothing_is_arriving(root);
  };
}

const std::string both = ": a_1.raw a_2.raw b_1.raw";

} // namespace

TEST_CASE(
    "a cut while files are published leaves the list before or the new one, and all they name")
{
  const auto result = support::sweep(recording_of({publishing("/first")}, publishing("/second")),
                                     either("1: a_1.raw", "2" + both, publishing("/second")),
                                     {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 60);
}

TEST_CASE("a cut while a repository begins leaves none, or the first list whole")
{
  const auto result = support::sweep(recording_of({}, publishing("/first")),
                                     either("none", "1: a_1.raw", publishing("/first")),
                                     {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("a cut in the run after a cut is no worse")
{
  const auto again = publishing("/second");
  const auto result = support::sweep_recovery(
      recording_of({publishing("/first")}, again),
      41,
      [&](Sys &sys, const Dir &root) { run(sys, root, {}, again); },
      {},
      [&](const Dir &root, Finished finished) -> std::string {
        const std::string found = crash::seen_in_repository(root);
        const bool is_old = found == "1: a_1.raw" && finished == Finished::no;
        return is_old || found.ends_with(both) ? "" : "seen: " + found;
      },
      {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("a cut while a version is withdrawn leaves it offered or withdrawn, and its name taken")
{
  const auto result = support::sweep(
      recording_of({publishing("/first"), publishing("/second")}, crash::withdraw_first),
      [&](const Dir &root, Finished finished) -> std::string {
        const std::string found = crash::seen_in_repository(root);
        if (found != "3: a_2.raw b_1.raw" && (found != "2" + both || finished == Finished::yes))
          return "seen: " + found;
        return crash::other_bytes_refused(root);
      },
      {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("without the sync before the rename a cut would show files that are not there")
{
  const auto dropped =
      support::drop_each_sync(recording_of({publishing("/first")}, publishing("/second")),
                              {either("1: a_1.raw", "2" + both, publishing("/second"))},
                              {.stop_at = support::StopAt::first_violation});
  const auto before_rename =
      std::find_if(dropped.begin(), dropped.end(), [](const support::Mutation &each) {
        return each.what.find("file system") != std::string::npos;
      });
  REQUIRE(before_rename != dropped.end());
  CHECK(before_rename->is_noticed);
}
