// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_machine.hpp"
#include "handoff/reset_move.hpp"
#include "support/thrown.hpp"
#include "support/tree_listing.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

TEST_SUITE_BEGIN("handoff/reset_move");

using base::Kind;
using reset_machine::fill;
using reset_machine::request_for;
using reset_machine::reset;
using support::kind_of;
using support::TestHost;

TEST_CASE("a backup has everything as it was, and comes back in place of what is new")
{
  TestHost test;
  fill(test.root);
  const std::string data = test.root.path() + "/var/lib/app/data";
  std::filesystem::create_hard_link(data, test.root.path() + "/var/log/second");
  REQUIRE(::setxattr(data.c_str(), "user.note", "x", 1, 0) == 0);
  REQUIRE(::mkfifo((test.root.path() + "/var/lib/app/pipe").c_str(), 0640) == 0);
  REQUIRE(::chmod((test.root.path() + "/etc/ssh").c_str(), 0711) == 0);
  if (::geteuid() == 0)
    REQUIRE(::mknod((test.root.path() + "/var/lib/app/whiteout").c_str(), S_IFCHR, 0) == 0);
  const std::string state = "var/lib/strake";
  const auto listing = [&](const std::string &path) {
    return support::listing(test.root.path() + "/" + path, support::Times::microseconds);
  };
  const std::string app = listing("var/lib/app");
  const std::string ssh = listing("etc/ssh");
  reset(test, {.keep = {"/etc/ssh/ssh_host_key"}, .backup = true});
  CHECK_FALSE(test.root.exists("var/lib/app"));
  CHECK(test.root.exists("etc/ssh/ssh_host_key"));
  struct stat top = {};
  REQUIRE(::stat((test.root.path() + "/etc/.strake-backup").c_str(), &top) == 0);
  CHECK((top.st_mode & 0777U) == 0700);
  test.root.write("etc/hostname", "two");
  test.root.write("etc/ssh/new", "stays");
  test.root.write("var/lib/app", "a file now");
  handoff::stage_reset(test.host, handoff::restore_request(test.host));
  (void)handoff::perform_reset(test.host);
  CHECK(test.root.read("etc/hostname") == "one");
  CHECK(listing("var/lib/app") == app);
  CHECK(test.root.read("etc/ssh/new") == "stays");
  std::filesystem::remove(test.root.path() + "/etc/ssh/new");
  struct stat directory = {};
  REQUIRE(::stat((test.root.path() + "/etc/ssh").c_str(), &directory) == 0);
  CHECK((directory.st_mode & 0777U) == 0711);
  CHECK(test.root.read("etc/ssh/sshd_config") == "all");
  struct stat linked = {};
  REQUIRE(::stat((test.root.path() + "/var/log/second").c_str(), &linked) == 0);
  CHECK(linked.st_nlink == 2);
  for (const char *gone : {"etc/.strake-backup",
                           "var/.strake-backup",
                           "home/.strake-backup",
                           "var/lib/strake/reset-backup.json"})
    CHECK_MESSAGE(!test.root.exists(gone), gone);
  CHECK(kind_of([&] { (void)handoff::restore_request(test.host); }) == Kind::not_found);
}

TEST_CASE("a backup is not lost by another reset, and has to go before the next one")
{
  TestHost test;
  fill(test.root);
  reset(test, {.backup = true});
  test.root.write("home/eve/notes", "hers");
  CHECK(kind_of([&] { handoff::stage_reset(test.host, request_for(test, {.backup = true})); }) ==
        Kind::busy);
  reset(test);
  CHECK_FALSE(test.root.exists("home/eve"));
  CHECK(test.root.read("home/.strake-backup/ann/notes") == "mine");
  handoff::forget_backup(test.host);
  CHECK_FALSE(test.root.exists("home/.strake-backup"));
  handoff::stage_reset(test.host, request_for(test, {.backup = true}));
}

TEST_CASE("what cannot be renamed is copied into the backup")
{
  class OtherSubvolume final : public base::LinuxSys {
  public:
    void rename(const base::Dir &from_dir,
                std::string_view from,
                const base::Dir &to_dir,
                std::string_view to,
                base::Replace replace) override
    {
      if (from == "app" || from == "socket")
        base::fail_os(EXDEV, "cannot rename");
      base::LinuxSys::rename(from_dir, from, to_dir, to, replace);
    }
  };

  TestHost test;
  fill(test.root);
  test.root.write("var/.strake-backup/lib/.strake-copy", "of a cut run");
  const std::string app =
      support::listing(test.root.path() + "/var/lib/app", support::Times::microseconds);
  OtherSubvolume sys;
  base::Host host{.sys = sys,
                  .programs = test.programs,
                  .fetcher = test.fetcher,
                  .clock = test.clock,
                  .log = [](base::Level, std::string_view) {},
                  .environment = {},
                  .root = test.root.dir().again(),
                  .machine = test.root.dir().again(),
                  .is_running_system = false};
  handoff::stage_reset(host, request_for(test, {.backup = true}));
  (void)handoff::perform_reset(host);
  CHECK_FALSE(test.root.exists("var/lib/app"));
  CHECK(support::listing(test.root.path() + "/var/.strake-backup/lib/app",
                         support::Times::microseconds) == app);
  CHECK_FALSE(test.root.exists("var/.strake-backup/lib/.strake-copy"));
}
