// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/private_mounts.hpp"
#include "support/recorder.hpp"
#include "support/temp_root.hpp"
#include "updater/file_target.hpp"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("updater/file_target");

using support::TempRoot;
using Lines = std::vector<std::string>;

namespace {

updater::Place boot_place(const base::Dir &root)
{
  return {root.again(), "efi", root.dir("efi"), true};
}

} // namespace

TEST_CASE("a boot file is held open until its name is gone from the disk: then its clusters go")
{
  const TempRoot root({{"efi/old.efi", "old"}});
  support::Recorder sys(root.dir());
  updater::remove_boot_file(sys, root.dir().dir("efi"), "old.efi");
  CHECK(sys.trace() ==
        Lines{"remove efi/old.efi", "sync efi/", "close efi/old.efi (deleted)", "sync efi/"});
  updater::remove_boot_file(sys, root.dir().dir("efi"), "old.efi");
  CHECK(sys.trace().size() == 4);
}

TEST_CASE("a partial boot file that an earlier run left goes in the same order")
{
  const TempRoot root({{"efi/.sysupdate.partial.new.efi", "half"}});
  support::Recorder sys(root.dir());
  updater::Place place = boot_place(root.dir());
  const updater::NewFile made = updater::make_file(sys, place, "new.efi");
  CHECK(sys.trace() == Lines{"remove efi/.sysupdate.partial.new.efi",
                             "sync efi/",
                             "close efi/.sysupdate.partial.new.efi (deleted)",
                             "create efi/.sysupdate.partial.new.efi"});
}

TEST_CASE("a boot file has its clusters on the disk before anything leads to them")
{
  const TempRoot root({{"efi/", ""}, {"plain/", ""}});
  support::Recorder sys(root.dir());
  updater::Place boot = boot_place(root.dir());
  const updater::NewFile made = updater::make_file(sys, boot, "new.efi", 4096);
  CHECK(sys.trace() == Lines{"create efi/.sysupdate.partial.new.efi",
                             "allocate efi/.sysupdate.partial.new.efi 4096",
                             "sync efi/",
                             "sync efi/.sysupdate.partial.new.efi"});
  updater::Place plain{root.dir().again(), "plain", root.dir().dir("plain"), false};
  const updater::NewFile other = updater::make_file(sys, plain, "file", 4096);
  CHECK(sys.trace().size() == 5);
}

TEST_CASE("a boot file that another takes the name of goes when that one is on the disk")
{
  const TempRoot root({{"efi/a.efi", "new"}, {"efi/b.efi", "old"}});
  support::Recorder sys(root.dir());
  updater::rename_boot_file(sys, root.dir().dir("efi"), "a.efi", "b.efi");
  CHECK(sys.trace() == Lines{"rename efi/a.efi -> efi/b.efi",
                             "sync efi/",
                             "sync efi/b.efi",
                             "close efi/b.efi (deleted)"});
}

TEST_CASE("a boot partition that is read-only is told from a fault, with what helps")
{
  support::enter_private_mounts();
  const TempRoot root({{"efi/", ""}});
  const std::string efi = root.path() + "/efi";
  REQUIRE(::mount("tmpfs", efi.c_str(), "tmpfs", MS_RDONLY, nullptr) == 0);
  base::LinuxSys sys;
  updater::Place place = boot_place(root.dir());
  std::string said;
  try {
    updater::make_file(sys, place, "new.efi");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::io);
    said = error.what();
  }
  CHECK(said.find("/efi is mounted read-only") != std::string::npos);
  CHECK(said.find("fsck.vfat -a") != std::string::npos);
  REQUIRE(::umount2(efi.c_str(), MNT_DETACH) == 0);
}

TEST_SUITE_END();
