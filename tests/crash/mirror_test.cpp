// SPDX-License-Identifier: Apache-2.0
// The power is cut, and a call fails, at every moment of a mirroring and of a collection: whoever
// reads the directory sees one list with all that it names, and the next run ends well.
#include "bakery/collect.hpp"
#include "bakery/mirror.hpp"
#include "base/error.hpp"
#include "crash/publisher.hpp"
#include "crash/setting.hpp"
#include "support/call_faults.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/mirror");

using base::Dir;
using crash::publishing;
using crash::run;
using crash::Server;
using crash::Verb;
using support::Finished;

namespace {

void mirror(const base::Host &host)
{
  (void)bakery::mirror(
      host,
      {.source = crash::repository_url,
       .repository = "/repository",
       .trust = {.keys = {.keys = {crash::publisher_key().public_key()}}, .root = {}},
       .url = "https://m"});
}

void collect(const base::Host &host)
{
  // What lies in incoming/ has the time of this test's run, long after that of the clock here.
  const auto any_age = -std::chrono::hours(24) * 36500;
  (void)bakery::collect(host, {.repository = "/repository", .older_than = any_age});
}

void write_new_files(const support::TempRoot &root)
{
  root.write("first/a_1.raw", std::string(600, '1'));
  root.write("second/a_2.raw", std::string(700, '2'));
  root.write("second/b_1.raw", "b");
}

/// What a server has after so many publications.
const Server &server(std::size_t publications)
{
  static const std::vector<Server> states = [] {
    const support::TempRoot root(support::Storage::memory, {});
    write_new_files(root);
    base::LinuxSys sys;
    std::vector<Server> made(1);
    for (const char *directory : {"/first", "/second"}) {
      run(sys, root.dir(), {}, publishing(directory));
      Server files;
      const Dir repository = root.dir().dir("repository");
      for (const base::DirEntry &entry : repository.entries())
        if (S_ISREG(repository.target_status(entry.name)->st_mode))
          files[entry.name] = repository.text(entry.name).value();
      made.push_back(std::move(files));
    }
    return made;
  }();
  return states.at(publications);
}

const std::string first_list = "1: a_1.raw";
const std::string second_list = "2: a_1.raw a_2.raw b_1.raw";
const std::string third_list = "3: a_2.raw b_1.raw";

/// Brings a machine to where a test begins.
using Prepare = std::function<void(const support::TempRoot &)>;

/// A mirror of so many publications.
Prepare mirror_of(std::size_t publications)
{
  return [publications](const support::TempRoot &root) {
    base::LinuxSys sys;
    if (publications > 0)
      run(sys, root.dir(), server(publications), mirror);
  };
}

/// A publisher's repository where a version was withdrawn, and a download given up.
void withdrawn(const support::TempRoot &root)
{
  write_new_files(root);
  base::LinuxSys sys;
  for (const Verb &verb :
       {publishing("/first"), publishing("/second"), Verb(crash::withdraw_first)})
    run(sys, root.dir(), {}, verb);
  root.write("repository/.strake/incoming/a_9.raw", "half");
}

/// After a mirroring, cut or not, from `before` to what the server has now.
std::string judge_mirror(const Dir &root, Finished finished, const std::string &before)
{
  const std::string found = crash::seen_in_repository(root);
  if (found != second_list && (found != before || finished == Finished::yes))
    return "seen: " + found;
  base::LinuxSys sys;
  run(sys, root, server(2), mirror);
  const std::string then = crash::seen_in_repository(root);
  return then == second_list ? crash::nothing_is_arriving(root) : "after the next run: " + then;
}

/// After a collection: the list stays, the content that nobody names goes, the names stay taken.
std::string judge_collection(const Dir &root, Finished finished)
{
  if (crash::seen_in_repository(root) != third_list)
    return "seen: " + crash::seen_in_repository(root);
  if (finished == Finished::yes && root.status("repository/a_1.raw"))
    return "what was collected is back";
  base::LinuxSys sys;
  run(sys, root, {}, collect);
  if (root.status("repository/a_1.raw"))
    return "the next run does not collect it";
  const std::string refused = crash::other_bytes_refused(root);
  return refused.empty() ? crash::nothing_is_arriving(root) : refused;
}

support::Recording recording_of(const Prepare &prepare, const Server &server, const Verb &verb)
{
  const support::TempRoot root(support::Storage::memory, {});
  prepare(root);
  support::Recorder sys(root.dir());
  run(sys, root.dir(), server, verb);
  return sys.recording();
}

/// Each call of the verb fails once, on a machine of its own.
void fail_each_call(const Prepare &prepare,
                    const Server &server,
                    const Verb &verb,
                    const support::Oracle &judge)
{
  support::fail_each_call(
      prepare,
      [&](base::Sys &sys, const base::Dir &root) { run(sys, root, server, verb); },
      judge,
      {support::FaultTime::before, support::FaultTime::after, support::FaultTime::halfway});
}

} // namespace

TEST_CASE("a cut while a mirror is brought up to date leaves its list or the new one, whole")
{
  for (const std::size_t publications : {0U, 1U}) {
    const std::string before = publications == 0 ? "none" : first_list;
    const auto result = support::sweep(
        recording_of(mirror_of(publications), server(2), mirror),
        [&](const Dir &dir, Finished finished) { return judge_mirror(dir, finished, before); },
        {});
    MESSAGE(result.summary());
    CHECK(result.violations == 0);
    CHECK(result.states >= 60);
  }
}

TEST_CASE("a call that fails while a mirror is brought up to date does no harm")
{
  fail_each_call(mirror_of(1), server(2), mirror, [](const Dir &root, Finished finished) {
    return judge_mirror(root, finished, first_list);
  });
}

TEST_CASE("a cut while content is collected leaves the list, all that it names, and names taken")
{
  const auto result = support::sweep(recording_of(withdrawn, {}, collect), judge_collection, {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("a call that fails while content is collected does no harm")
{
  fail_each_call(withdrawn, {}, collect, judge_collection);
}
