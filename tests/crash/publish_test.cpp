// SPDX-License-Identifier: Apache-2.0
// Why boot files are published in an order of their own (reliability of vfat): the usual order is
// shown to be wrong there, and ours to be right.
#include "crash/setting.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/publish");

using base::Dir;
using base::Fd;
using base::Replace;
using base::Sys;
using support::Finished;
using support::Recording;

namespace {

const std::string kernel(1100, 'k');

enum class Again { no, before_directory, after_directory };

void publish(Sys &sys, const Dir &root, Again sync_again)
{
  const Dir esp = root.dir("esp");
  if (esp.status(".new.tmp"))
    sys.remove(esp, ".new.tmp", base::Remove::file);
  const Fd file = sys.create(esp, ".new.tmp", 0644);
  sys.write_at(file, 0, std::as_bytes(std::span(kernel)));
  sys.sync(file);
  sys.rename(esp, ".new.tmp", esp, "new.efi", Replace::yes);
  if (sync_again == Again::before_directory)
    sys.sync(file);
  sys.sync(esp);
  if (sync_again == Again::after_directory)
    sys.sync(file);
}

Recording publishing(Again sync_again, const support::Layout &layout)
{
  return crash::record(
      {{"esp/old.efi", "old"}},
      [&](Sys &sys, const Dir &root) { publish(sys, root, sync_again); },
      layout);
}

// By content, not by name: a boot file that is empty or cut short is not installed. It may only be
// there on the way, where the old one still boots.
std::string boots(const Dir &root, Finished finished)
{
  if (root.text("esp/old.efi") != "old")
    return "the old version is gone";
  if (finished == Finished::yes && root.text("esp/new.efi") != kernel)
    return "the new version was reported as installed, but is not";
  base::LinuxSys sys;
  publish(sys, root, Again::after_directory);
  return root.text("esp/new.efi") == kernel ? "" : "the next run does not mend it";
}

const support::Layout vfat{.vfat = {"esp"}};

} // namespace

TEST_CASE("sync, rename, sync of the directory is right on ext4 and wrong on vfat")
{
  CHECK(support::sweep(publishing(Again::no, {}), boots, {}).violations == 0);
  const auto naive = support::sweep(publishing(Again::no, vfat), {boots}, {});
  MESSAGE(naive.summary());
  CHECK(naive.violations > 0);
}

TEST_CASE("with the file synced again after the rename no cut hides what was reported as installed")
{
  for (const Again order : {Again::before_directory, Again::after_directory}) {
    const auto right = support::sweep(publishing(order, vfat), {boots}, {});
    MESSAGE(right.summary());
    CHECK(right.violations == 0);
  }
}

TEST_CASE("on vfat the sync before the rename alone is not needed, the two after it are")
{
  const auto dropped =
      support::drop_each_sync(publishing(Again::after_directory, vfat), {boots}, {});
  REQUIRE(dropped.size() == 3);
  CHECK_FALSE(dropped[0].is_noticed); // the one after the rename writes the data as well
  CHECK(dropped[1].is_noticed);
  CHECK(dropped[2].is_noticed);
}
