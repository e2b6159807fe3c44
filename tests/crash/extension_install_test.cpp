// SPDX-License-Identifier: Apache-2.0
// A call fails, and the power is cut, at every moment of `strake ext install`, `upgrade` and
// `remove`: the other extension stays, what is merged of this one is of before or after, and the
// same verb once more ends it and leaves nothing that a run without the fault would not leave.
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "crash/extension_machine.hpp"
#include "support/crash_sweep.hpp"
#include "support/fault_sys.hpp"
#include "support/private_mounts.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>

TEST_SUITE_BEGIN("crash/extension_install");

using base::Dir;
using crash::ExtensionVerb;
using crash::merged;
using crash::Offered;
using crash::Vendor;
using support::Finished;

namespace {

/// What one call that fails leaves where what is merged is as before.
enum class Failure {
  is_undone,       ///< all files that were there, and no others
  is_gone_on_from, ///< a new version may be there already, and not be in use
};

struct Scene {
  Vendor vendor = Vendor::known;
  std::string hello; ///< the version that is installed; empty: none
  ExtensionVerb verb;
  Failure failure = Failure::is_undone;
  std::string before{}; ///< what is merged
  std::string after{};
  support::Tree start{};      ///< the machine, with nothing merged
  std::string files_before{}; ///< what is installed
  std::string files_after{};
};

void run(const Dir &root, const ExtensionVerb &verb)
{
  base::LinuxSys sys;
  crash::run(sys, root, Offered::both, verb);
}

/// Does it once, without a fault.
Scene begin(Scene scene)
{
  support::enter_private_mounts();
  const support::TempRoot root(support::Storage::memory, {});
  crash::prepare(root, scene.vendor, scene.hello);
  scene.start = support::read_tree(root.dir(), {}).tree;
  run(root.dir(), crash::merge_all);
  scene.before = merged(root.dir());
  scene.files_before = crash::installed_files(root.dir());
  run(root.dir(), scene.verb);
  scene.after = merged(root.dir());
  scene.files_after = crash::installed_files(root.dir());
  run(root.dir(), crash::unmerge_all);
  return scene;
}

Scene first_install()
{
  return begin({.vendor = Vendor::unknown, .hello = "", .verb = crash::install_hello});
}

Scene install()
{
  return begin({.hello = "", .verb = crash::install_hello});
}

Scene upgrade()
{
  return begin({.hello = "1.0", .verb = crash::upgrade_all, .failure = Failure::is_gone_on_from});
}

Scene removal()
{
  return begin({.hello = "1.1", .verb = crash::remove_hello});
}

/// The same verb once more; what was to be removed may be gone.
void run_again(const Dir &root, const Scene &scene)
{
  try {
    run(root, scene.verb);
  } catch (const base::Error &error) {
    if (error.kind() != base::Kind::not_found || merged(root) != scene.after)
      throw;
  }
}

/// What is wrong with a machine that goes on, whether the verb failed or not.
std::string judge(const Dir &root, const Scene &scene, Finished finished)
{
  const std::string found = merged(root);
  if (found != scene.after && (found != scene.before || finished == Finished::yes))
    return "merged: " + found;
  const std::string left = crash::installed_files(root);
  if (finished == Finished::yes && left != scene.files_after)
    return "installed: " + left;
  run_again(root, scene);
  if (merged(root) != scene.after)
    return "merged in the end: " + merged(root);
  const std::string files = crash::installed_files(root);
  return files == scene.files_after ? "" : "installed in the end: " + files;
}

/// One run in which a call fails. False if it never came to that call.
bool is_survived(const Scene &scene, const support::Fault &fault)
{
  const support::TempRoot root(support::Storage::memory, {});
  scene.start.write_to(root.dir());
  run(root.dir(), crash::merge_all);
  support::FaultSys sys(root.dir(), fault);
  Finished finished = Finished::yes;
  std::string said = "it was said to be done";
  try {
    crash::run(sys, root.dir(), Offered::both, scene.verb);
  } catch (const base::Error &error) {
    finished = Finished::no;
    said = error.what();
  }
  const std::string left = crash::installed_files(root.dir());
  const bool is_undone = left == scene.files_before || merged(root.dir()) != scene.before ||
                         scene.failure == Failure::is_gone_on_from ||
                         fault.when == support::FaultTime::for_good;
  std::string wrong;
  try {
    wrong = judge(root.dir(), scene, finished);
    if (wrong.empty() && !is_undone)
      wrong = "it was not taken back: " + left;
  } catch (const base::Error &error) {
    wrong = error.what();
  }
  CHECK_MESSAGE(wrong == "", sys.failed().value_or("nothing"), ": ", said, ": ", wrong);
  run(root.dir(), crash::unmerge_all);
  return sys.failed().has_value();
}

void fail_each_call(const Scene &scene, std::size_t least)
{
  for (const auto when :
       {support::FaultTime::before, support::FaultTime::after, support::FaultTime::for_good}) {
    std::size_t call = 0;
    while (is_survived(scene, {.call = call, .os_error = EIO, .when = when}))
      ++call;
    CHECK(call >= least);
  }
}

/// What is merged went with the power, and so did /run. The verb need not have come to merging.
std::string judge_after_boot(const Dir &root, const Scene &scene, Finished finished)
{
  std::filesystem::remove_all(root.path() + "/run");
  std::filesystem::create_directory(root.path() + "/run");
  run(root, crash::merge_all);
  std::string wrong;
  try {
    wrong = judge(root, scene, finished);
  } catch (const base::Error &error) {
    wrong = error.what();
  }
  run(root, crash::unmerge_all);
  return wrong;
}

void cut_at_any_moment(const Scene &scene, std::size_t least)
{
  const support::TempRoot root(support::Storage::memory, {});
  scene.start.write_to(root.dir());
  support::Recorder sys(root.dir());
  crash::run(sys, root.dir(), Offered::both, scene.verb);
  run(root.dir(), crash::unmerge_all);
  const auto result = support::sweep(
      sys.recording(),
      [&](const Dir &dir, Finished finished) { return judge_after_boot(dir, scene, finished); },
      {.exhaustive = 64, .random = 32});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= least);
}

} // namespace

TEST_CASE("whatever call of the first installation fails, the next one ends it")
{
  fail_each_call(first_install(), 80);
}

TEST_CASE("whatever call of an installation fails, the next one ends it")
{
  fail_each_call(install(), 80);
}

TEST_CASE("whatever call of an upgrade fails, the next one ends it")
{
  fail_each_call(upgrade(), 80);
}

TEST_CASE("whatever call of a removal fails, the next one ends it")
{
  fail_each_call(removal(), 40);
}

TEST_CASE("the power can go at any moment of the first installation")
{
  cut_at_any_moment(first_install(), 100);
}

TEST_CASE("the power can go at any moment of an installation")
{
  cut_at_any_moment(install(), 100);
}

TEST_CASE("the power can go at any moment of an upgrade")
{
  cut_at_any_moment(upgrade(), 100);
}

TEST_CASE("the power can go at any moment of a removal")
{
  cut_at_any_moment(removal(), 20);
}
