// SPDX-License-Identifier: Apache-2.0
// The power is cut, and a call fails, at every moment of staging, performing and undoing a reset:
// what is to stay is never touched, and as long as not all is done the request is still there, so
// that the next boot ends it. What is put aside is in its place or in the backup.
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "crash/setting.hpp"
#include "handoff/reset.hpp"
#include "support/crash_sweep.hpp"
#include "support/fault_sys.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <cerrno>

TEST_SUITE_BEGIN("crash/reset");

using base::Dir;
using base::Sys;
using support::Finished;
using support::with_host;

namespace {

enum class Backup { no, yes };

void prepare(const support::TempRoot &root)
{
  root.write("etc/hostname", "one");
  root.write("etc/app/kept", "kept");
  root.write("etc/app/other", "goes");
  root.write("var/lib/app/data", "bytes");
  root.write("var/lib/app/more/data", "bytes");
  root.write("var/link", "-> lib/app");
  root.write("var/lib/strake/policy.json", "{}");
}

void stage(Sys &sys, const Dir &root, Backup backup)
{
  with_host(sys, root, [&](const base::Host &host) {
    handoff::stage_reset(host,
                         handoff::reset_request(host,
                                                {.places = {"/etc", "/var"},
                                                 .keep = {"/etc/app/kept"},
                                                 .backup = backup == Backup::yes},
                                                {}));
  });
}

void stage_restore(Sys &sys, const Dir &root)
{
  with_host(sys, root, [](const base::Host &host) {
    handoff::stage_reset(host, handoff::restore_request(host));
  });
}

void perform(Sys &sys, const Dir &root)
{
  with_host(sys, root, [](const base::Host &host) { (void)handoff::perform_reset(host); });
}

/// What a directory has, but for one name in it.
std::string content(const Dir &dir, std::string_view except)
{
  std::string text;
  for (const base::DirEntry &entry : dir.entries())
    if (entry.name != except)
      text += fmt::format("{}{} ",
                          entry.name,
                          entry.type == S_IFDIR ? ": " + crash::listing(dir.dir(entry.name)) : "");
  return text;
}

/// What a machine has in its places; strake's own files are not told.
std::string content(const Dir &root)
{
  return content(root.dir("etc"), "") + content(root.dir("var"), "lib") +
         content(root.dir("var/lib"), "strake");
}

struct Scene {
  std::string before;
  std::string after;
};

bool is_staged(const Dir &root)
{
  return root.status("var/lib/strake/reset.json").has_value();
}

/// What is wrong after a cut or a failure, and when the next boot has done its part.
std::string judge(const Dir &root, const Scene &scene, Finished finished)
{
  if (root.text("etc/app/kept") != "kept" || root.text("var/lib/strake/policy.json") != "{}")
    return "what is to stay is gone";
  const bool was_staged = is_staged(root);
  if (finished == Finished::yes && was_staged)
    return "it is still staged";
  if (!was_staged && content(root) != scene.after)
    return "the request is gone, and what is there is " + content(root);
  if (was_staged) {
    base::LinuxSys sys;
    perform(sys, root);
  }
  if (is_staged(root) || content(root) != scene.after)
    return "the next boot leaves " + content(root);
  return root.text("etc/app/kept") == "kept" ? "" : "what is to stay is gone";
}

/// A machine on which something is staged.
struct Machine {
  support::TempRoot root{support::Storage::memory, {}};

  explicit Machine(Backup backup)
  {
    prepare(root);
    base::LinuxSys sys;
    stage(sys, root.dir(), backup);
  }
};

struct RestoreMachine : Machine {
  RestoreMachine() : Machine(Backup::yes)
  {
    base::LinuxSys sys;
    perform(sys, root.dir());
    root.write("etc/hostname", "two");
    root.write("var/lib/app", "another");
    stage_restore(sys, root.dir());
  }
};

template <typename Made, typename... Given> void sweep(std::size_t least, Given... given)
{
  const Made machine(given...);
  Scene scene{.before = content(machine.root.dir()), .after = {}};
  support::Recorder sys(machine.root.dir());
  perform(sys, machine.root.dir());
  scene.after = content(machine.root.dir());
  REQUIRE(scene.after != scene.before);
  const auto result = support::sweep(
      sys.recording(),
      [&](const Dir &root, Finished finished) { return judge(root, scene, finished); },
      {.exhaustive = 256, .random = 64});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= least);
  const auto deeper = support::sweep_recovery(
      sys.recording(),
      7,
      [](Sys &again, const Dir &root) {
        if (is_staged(root))
          perform(again, root);
      },
      {},
      [&](const Dir &root, Finished finished) { return judge(root, scene, finished); },
      {.exhaustive = 16, .random = 4});
  MESSAGE(deeper.summary());
  CHECK(deeper.violations == 0);
}

/// The syncs without which nothing would go wrong here.
template <typename Made, typename... Given> std::string unnoticed_syncs(Given... given)
{
  const Made machine(given...);
  support::Recorder sys(machine.root.dir());
  perform(sys, machine.root.dir());
  const Scene scene{.before = {}, .after = content(machine.root.dir())};
  std::string text;
  for (const std::string &each : support::unnoticed(support::drop_each_sync(
           sys.recording(),
           {[&](const Dir &root, Finished finished) { return judge(root, scene, finished); }},
           {.exhaustive = 64, .random = 16})))
    text += each.substr(each.find(": ") + 2) + "; ";
  return text;
}

template <typename Made, typename... Given> void fail_each_call(Given... given)
{
  Scene scene;
  {
    const Made machine(given...);
    base::LinuxSys sys;
    perform(sys, machine.root.dir());
    scene.after = content(machine.root.dir());
  }
  for (const auto when :
       {support::FaultTime::before, support::FaultTime::after, support::FaultTime::for_good})
    for (std::size_t call = 0;; ++call) {
      const Made machine(given...);
      support::FaultSys sys(machine.root.dir(), {.call = call, .os_error = EIO, .when = when});
      Finished finished = Finished::yes;
      try {
        perform(sys, machine.root.dir());
      } catch (const base::Error &) {
        finished = Finished::no;
      }
      CAPTURE(sys.failed().value_or("nothing"));
      CHECK(judge(machine.root.dir(), scene, finished) == "");
      if (call >= sys.calls())
        break;
    }
}

} // namespace

TEST_CASE("a cut while a reset is staged leaves it staged whole, or not at all")
{
  const support::TempRoot root(support::Storage::memory, {});
  prepare(root);
  const std::string before = content(root.dir());
  support::Recorder sys(root.dir());
  stage(sys, root.dir(), Backup::no);
  const std::string request = root.read("var/lib/strake/reset.json");
  const auto result =
      support::sweep(sys.recording(),
                     [&](const Dir &after, Finished finished) -> std::string {
                       const auto text = after.text("var/lib/strake/reset.json");
                       if (content(after) != before)
                         return "something is gone already";
                       if (finished == Finished::yes && !text)
                         return "it is not staged";
                       return !text || *text == request ? "" : "it is staged in part";
                     },
                     {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 4);
}

TEST_CASE("the power can go at any moment of a reset")
{
  sweep<Machine>(20, Backup::no);
}

TEST_CASE("the power can go at any moment of a reset with a backup")
{
  sweep<Machine>(40, Backup::yes);
}

TEST_CASE("the power can go at any moment while a backup is brought back")
{
  sweep<RestoreMachine>(20);
}

TEST_CASE("whatever call of a reset fails, the next boot ends it")
{
  fail_each_call<Machine>(Backup::no);
  fail_each_call<Machine>(Backup::yes);
  fail_each_call<RestoreMachine>();
}

TEST_CASE("a sync that is left out of a reset, or of bringing a backup back, is noticed")
{
  // Not noticed: those of /etc, since /var lies on the same file system here and is synced later,
  // that of the backup's record, since the request is there until all is done, and of the history.
  const std::string etc = "sync file system of etc/; ";
  const std::string records = "sync var/lib/strake/; ";
  const std::string history = "sync var/lib/strake/.history.jsonl.new; " + records;
  CHECK(unnoticed_syncs<Machine>(Backup::no) == etc + history);
  CHECK(unnoticed_syncs<Machine>(Backup::yes) == records + etc + history);
  CHECK(unnoticed_syncs<RestoreMachine>() == etc + "sync etc/; " + records + history);
}
