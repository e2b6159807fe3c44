// SPDX-License-Identifier: Apache-2.0
// The power is cut at every moment of the small durable operations of base/durable.hpp, and each
// mistake that one could make in them is shown to be seen.
#include "base/durable.hpp"
#include "crash/setting.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/durable");

using base::Dir;
using base::Sys;
using crash::record;
using support::Finished;
using support::Recording;
using support::sweep;

namespace {

const std::string old_text(700, 'o');
const std::string new_text(1300, 'n');

void replace(Sys &sys, const Dir &root)
{
  base::replace_file(sys, root.dir("state"), "file", new_text);
}

Recording replacing()
{
  return record({{"state/file", old_text}, {"state/.file.new", "left by an earlier cut"}}, replace);
}

std::string old_or_new(const Dir &root, Finished finished)
{
  const std::string found = root.text("state/file").value_or("nothing");
  if (found == new_text || (found == old_text && finished == Finished::no))
    return {};
  return "the file holds " + found.substr(0, 20);
}

// The next run gets to the end whatever the cut left.
std::string old_or_new_and_again(const Dir &root, Finished finished)
{
  if (const std::string wrong = old_or_new(root, finished); !wrong.empty())
    return wrong;
  base::LinuxSys sys;
  replace(sys, root);
  const std::string after = crash::listing(root);
  return after == "state/ state/file=" + new_text ? "" : "after the next run: " + after;
}

std::string link_old_or_new(const Dir &root, Finished finished)
{
  const std::string found = root.link_target("link").value_or("nothing");
  return found == "new" || (found == "old" && finished == Finished::no) ? ""
                                                                        : "it leads to " + found;
}

std::string path_is_there(const Dir &root, Finished finished)
{
  if (finished == Finished::yes && !root.find_dir("a/b/c"))
    return "a/b/c is not there";
  base::LinuxSys sys;
  base::make_path(sys, root, "a/b/c");
  return {};
}

} // namespace

TEST_CASE("a cut in replace_file leaves the old text or the new, and the next run ends well")
{
  const auto result = sweep(replacing(), old_or_new_and_again, {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 13);
}

TEST_CASE("a cut in the run after a cut is no worse")
{
  const auto result =
      support::sweep_recovery(replacing(), 1, replace, {}, old_or_new_and_again, {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 13);
}

TEST_CASE("each sync of replace_file is needed, and its place too")
{
  const auto dropped = support::drop_each_sync(replacing(), {old_or_new}, {});
  CHECK(dropped.size() == 2);
  CHECK(support::unnoticed(dropped).empty());
  const auto swapped = support::swap_neighbours(replacing(), {old_or_new}, {});
  CHECK(swapped.size() >= 3);
  CHECK(support::unnoticed(swapped).empty());
}

TEST_CASE("a cut in replace_symlink leaves the old link or the new")
{
  const auto recording = record({{"link", "-> old"}}, [](Sys &sys, const Dir &root) {
    base::replace_symlink(sys, root, "link", "new");
  });
  CHECK(sweep(recording, link_old_or_new, {}).violations == 0);
  const auto dropped = support::drop_each_sync(recording, {link_old_or_new}, {});
  CHECK(dropped.size() == 1);
  CHECK(support::unnoticed(dropped).empty());
}

TEST_CASE("a path that make_path returned lasts, and what a cut left of it is no obstacle")
{
  const auto recording =
      record({}, [](Sys &sys, const Dir &root) { base::make_path(sys, root, "a/b/c"); });
  CHECK(sweep(recording, path_is_there, {}).violations == 0);
  const auto dropped = support::drop_each_sync(recording, {path_is_there}, {});
  CHECK(dropped.size() == 3);
  CHECK(support::unnoticed(dropped).empty());
}

TEST_CASE("a tree that a cut left half removed can be removed")
{
  const auto remove = [](Sys &sys, const Dir &root) {
    base::remove_tree(sys, root, "tree");
    sys.sync(root);
  };
  const auto recording = record(
      {{"tree/a", "1"}, {"tree/b/c", "2"}, {"tree/link", "-> ../kept"}, {"kept", "3"}}, remove);
  const auto oracle = [&](const Dir &root, Finished finished) -> std::string {
    if (finished == Finished::yes && root.status("tree"))
      return "the tree is still there";
    base::LinuxSys sys;
    remove(sys, root);
    const std::string left = crash::listing(root);
    return left == "kept=3" ? "" : "left: " + left;
  };
  CHECK(sweep(recording, oracle, {}).violations == 0);
  CHECK(support::unnoticed(support::drop_each_sync(recording, {oracle}, {})).empty());
}
