// SPDX-License-Identifier: Apache-2.0
// What the model of a power cut allows and forbids. If this is wrong, every sweep is.
#include "base/error.hpp"
#include "crash/setting.hpp"

#include <doctest/doctest.h>

#include <algorithm>

TEST_SUITE_BEGIN("crash/model");

using base::Dir;
using base::Fd;
using base::Remove;
using base::Replace;
using base::Sys;
using crash::outcomes;
using crash::record;

namespace {

using States = std::set<std::string>;

void put(Sys &sys, const Fd &fd, std::uint64_t offset, const std::string &text)
{
  sys.write_at(fd, offset, std::as_bytes(std::span(text)));
}

const support::Layout esp{.vfat = {"esp"}};

} // namespace

TEST_CASE("without a sync a new file may be missing, empty, of zeros, or there")
{
  const auto found = outcomes(record(
      {}, [](Sys &sys, const Dir &root) { put(sys, sys.create(root, "a", 0644), 0, "text"); }));
  CHECK(found.at_the_end == States{"", "a=", std::string("a=\0\0\0\0", 6), "a=text"});
}

TEST_CASE("a synced file has its data, but not yet its name")
{
  const auto found = outcomes(record({}, [](Sys &sys, const Dir &root) {
    const Fd file = sys.create(root, "a", 0644);
    put(sys, file, 0, "text");
    sys.sync(file);
  }));
  CHECK(found.at_the_end == States{"", "a=text"});
}

TEST_CASE("a synced directory has its names, but its files not yet their data")
{
  const auto found = outcomes(record({}, [](Sys &sys, const Dir &root) {
    put(sys, sys.create(root, "a", 0644), 0, "text");
    sys.sync(root);
  }));
  CHECK(found.at_the_end == States{"a=", std::string("a=\0\0\0\0", 6), "a=text"});
}

TEST_CASE("the mode of a file is undecided until the file is synced")
{
  std::set<mode_t> modes;
  const auto recording = record({{"a", "text"}}, [](Sys &sys, const Dir &root) {
    sys.set_attributes(sys.open_writable(root, "a"),
                       {.mode = 0400, .owner = {}, .group = {}, .modified_us = {}});
  });
  support::sweep(recording,
                 [&](const Dir &root, support::Finished) {
                   modes.insert(root.status("a")->st_mode & 0777U);
                   return std::string();
                 },
                 {});
  CHECK(modes == std::set<mode_t>{0644, 0400});
}

TEST_CASE("the names of one directory come in order, those of two in any order")
{
  const auto found = outcomes(record({{"x/", ""}, {"y/", ""}}, [](Sys &sys, const Dir &root) {
    sys.symlink("1", root.dir("x"), "a");
    sys.symlink("2", root.dir("y"), "b");
    sys.symlink("3", root.dir("x"), "c");
  }));
  CHECK(found.at_the_end == States{"x/ y/",
                                   "x/ x/a->1 y/",
                                   "x/ x/a->1 x/c->3 y/",
                                   "x/ y/ y/b->2",
                                   "x/ x/a->1 y/ y/b->2",
                                   "x/ x/a->1 x/c->3 y/ y/b->2"});
}

TEST_CASE("a rename between two directories is one change, settled when both are synced")
{
  const auto move = [](Sys &sys, const Dir &root) {
    sys.rename(root.dir("x"), "a", root.dir("y"), "b", Replace::yes);
    sys.sync(root.dir("x"));
  };
  const auto half = outcomes(record({{"x/a", "1"}, {"y/b", "2"}}, move));
  CHECK(half.at_the_end == States{"x/ x/a=1 y/ y/b=2", "x/ y/ y/b=1"});
  const auto both = outcomes(record({{"x/a", "1"}, {"y/b", "2"}}, [&](Sys &sys, const Dir &root) {
    move(sys, root);
    sys.sync(root.dir("y"));
  }));
  CHECK(both.at_the_end == States{"x/ y/ y/b=1"});
}

TEST_CASE("removing, linking and making directories are changes of names too")
{
  const auto found = outcomes(record({{"a", "1"}}, [](Sys &sys, const Dir &root) {
    sys.hard_link(root, "a", root, "b");
    sys.remove(root, "a", Remove::file);
    sys.make_dir(root, "c", 0755);
  }));
  CHECK(found.at_the_end == States{"a=1", "a=1 b=1", "b=1", "b=1 c/"});
}

TEST_CASE("hard links stay one file")
{
  const auto recording = record({{"a", "1"}}, [](Sys &sys, const Dir &root) {
    sys.hard_link(root, "a", root, "b");
    sys.sync(root);
    put(sys, sys.open_writable(root, "b"), 0, "2");
  });
  CHECK(outcomes(recording).at_the_end == States{"a=1 b=1", "a=2 b=2"});
}

TEST_CASE("sectors reach the disk in any combination, and those that stay the same do not count")
{
  const std::string before(3 * 512, 'o');
  std::string after(3 * 512, 'n');
  after.replace(512, 512, before, 512, 512);
  const auto recording = record({{"disk", before}}, [&](Sys &sys, const Dir &root) {
    put(sys, sys.open_writable(root, "disk"), 0, after);
  });
  const std::string o(512, 'o');
  const std::string n(512, 'n');
  CHECK(outcomes(recording).at_the_end ==
        States{"disk=" + o + o + o, "disk=" + n + o + o, "disk=" + o + o + n, "disk=" + n + o + n});
  CHECK(outcomes(recording, {.sectors = support::Sectors::torn}).at_the_end.size() ==
        5); // of 3 * 3
}

TEST_CASE("a sector written twice may hold what it held in between")
{
  const auto found = outcomes(record({{"disk", "0"}}, [](Sys &sys, const Dir &root) {
    const Fd disk = sys.open_writable(root, "disk");
    put(sys, disk, 0, "1");
    put(sys, disk, 0, "2");
  }));
  CHECK(found.at_the_end == States{"disk=0", "disk=1", "disk=2"});
}

TEST_CASE("zeroed ranges and changed lengths wait for a sync like data")
{
  const auto zeroed = outcomes(record({{"disk", "abc"}}, [](Sys &sys, const Dir &root) {
    sys.zero(sys.open_writable(root, "disk"), 1, 100);
  }));
  CHECK(zeroed.at_the_end == States{"disk=abc", std::string("disk=a\0\0", 8)});
  const auto cut = outcomes(record({{"disk", "abc"}}, [](Sys &sys, const Dir &root) {
    const Fd disk = sys.open_writable(root, "disk");
    sys.resize(disk, 1);
    sys.sync(disk);
  }));
  CHECK(cut.at_the_end == States{"disk=a"});
  CHECK(cut.on_the_way.contains("disk=abc"));
}

TEST_CASE("sync_file_system settles everything, but only there, and nothing on vfat")
{
  const auto found = outcomes(record(
      {{"esp/", ""}},
      [](Sys &sys, const Dir &root) {
        const Dir esp_dir = root.dir("esp");
        put(sys, sys.create(root, "a", 0644), 0, "1");
        put(sys, sys.create(esp_dir, "b", 0644), 0, "2");
        sys.sync_file_system(root);
        sys.sync_file_system(esp_dir);
      },
      esp));
  CHECK(
      found.at_the_end ==
      States{
          "a=1 esp/", "a=1 esp/ esp/b=", std::string("a=1 esp/ esp/b=\0", 16), "a=1 esp/ esp/b=2"});
}

TEST_CASE("on vfat a renamed file is empty on disk until it is synced again")
{
  const auto rename_and = [](const std::function<void(Sys &, const Dir &)> &then) {
    return outcomes(record(
                        {{"esp/old", "text"}},
                        [&](Sys &sys, const Dir &root) {
                          const Dir dir = root.dir("esp");
                          sys.rename(dir, "old", dir, "new", Replace::yes);
                          then(sys, dir);
                        },
                        esp))
        .at_the_end;
  };
  CHECK(rename_and([](Sys &, const Dir &) {}) == States{"esp/ esp/old=text",
                                                        "esp/ esp/new= esp/old=text",
                                                        "esp/ esp/new=text esp/old=text",
                                                        "esp/",
                                                        "esp/ esp/new=",
                                                        "esp/ esp/new=text"});
  CHECK(rename_and([](Sys &sys, const Dir &dir) { sys.sync(dir); }) ==
        States{"esp/ esp/new=", "esp/ esp/new=text"});
  CHECK(rename_and([](Sys &sys, const Dir &dir) {
          sys.sync(sys.open_writable(dir, "new"));
          sys.sync(dir);
        }) == States{"esp/ esp/new=text"});
}

TEST_CASE("on vfat a rename over a file leads to the old one until the new one is synced")
{
  const auto recording = record(
      {{"esp/a", "1"}, {"esp/b", "2"}},
      [](Sys &sys, const Dir &root) {
        const Dir dir = root.dir("esp");
        sys.rename(dir, "a", dir, "b", Replace::yes);
        sys.sync(dir);
      },
      esp);
  CHECK(outcomes(recording).at_the_end == States{"esp/ esp/b=2", "esp/ esp/b=1"});
}

TEST_CASE("on vfat there are no links, and no rename leads out of it")
{
  const support::TempRoot root({{"esp/a", "1"}});
  support::Recorder sys(root.dir(), esp);
  const Dir dir = root.dir().dir("esp");
  CHECK_THROWS_AS(sys.symlink("a", dir, "b"), base::Error);
  CHECK_THROWS_AS(sys.hard_link(dir, "a", dir, "b"), base::Error);
  CHECK_THROWS_AS(sys.rename(dir, "a", root.dir(), "a", Replace::yes), base::Error);
  CHECK(sys.recording().effects.empty());
}

TEST_CASE("a recorder says in order what was done, and refuses what it cannot see")
{
  const support::TempRoot root({{"disk", "0123"}, {"x/", ""}});
  const support::TempRoot elsewhere({{"file", ""}});
  support::Recorder sys(root.dir());
  const Fd disk = sys.open_writable(root.dir(), "disk");
  CHECK(sys.try_lock(disk));
  put(sys, disk, 1, "ab");
  sys.sync(disk);
  sys.rename(root.dir(), "disk", root.dir().dir("x"), "image", Replace::no);
  sys.sync(root.dir().dir("x"));
  CHECK(sys.trace() == std::vector<std::string>{"open disk",
                                                "lock disk",
                                                "write disk 1+2",
                                                "sync disk",
                                                "rename disk -> x/image",
                                                "sync x/"});
  CHECK_THROWS_AS(put(sys, sys.open_writable(elsewhere.dir(), "file"), 0, "a"), base::Error);
}

TEST_CASE("where there are too many states, a repeatable choice of them is made")
{
  const auto recording =
      record({{"disk", std::string(10 * 512, 'o')}}, [](Sys &sys, const Dir &root) {
        put(sys, sys.open_writable(root, "disk"), 0, std::string(10 * 512, 'n'));
      });
  const States all = outcomes(recording).at_the_end;
  CHECK(all.size() == 1024);
  const support::SweepOptions few{.exhaustive = 100, .random = 50};
  const States some = outcomes(recording, few).at_the_end;
  CHECK(some.size() > 30);
  CHECK(some.size() < 100);
  CHECK(some == outcomes(recording, few).at_the_end);
  CHECK(std::includes(all.begin(), all.end(), some.begin(), some.end()));
}

TEST_CASE("an operation that does nothing has one state before and one after")
{
  const auto result = support::sweep(record({{"a", "1"}}, [](Sys &, const Dir &) {}),
                                     [](const Dir &, support::Finished) { return std::string(); },
                                     {});
  CHECK(result.states == 2);
}
