// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "base/program.hpp"
#include "base/tar.hpp"
#include "base/tree_copy.hpp"
#include "support/temp_root.hpp"
#include "support/tree_listing.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

using support::listing;
using support::Times;

namespace {

constexpr std::uint64_t no_limit = std::uint64_t{1} << 40U;

bool is_root()
{
  return ::geteuid() == 0;
}

void run(const std::vector<std::string> &argv)
{
  base::ProcessRunner runner;
  const base::Finished finished = runner.run({.argv = argv});
  REQUIRE_MESSAGE(finished.status == 0, finished.errors << finished.output);
}

void set_time(const std::string &path, std::int64_t seconds, long nanoseconds)
{
  timespec when{};
  when.tv_sec = seconds;
  when.tv_nsec = nanoseconds;
  const std::array<timespec, 2> times{when, when};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0);
}

void set_extended(const std::string &path, const char *name, const std::string &value)
{
  REQUIRE(::lsetxattr(path.c_str(), name, value.data(), value.size(), 0) == 0);
}

/// cap_net_raw=ep, and u:1234:r-- with a mask, as the kernel keeps them.
const std::string capability("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00"
                             "\x00\x00\x00\x00\x00\x00\x00\x00",
                             20);
const std::string access_list("\x02\x00\x00\x00"
                              "\x01\x00\x06\x00\xff\xff\xff\xff"
                              "\x02\x00\x04\x00\xd2\x04\x00\x00"
                              "\x04\x00\x04\x00\xff\xff\xff\xff"
                              "\x10\x00\x04\x00\xff\xff\xff\xff"
                              "\x20\x00\x00\x00\xff\xff\xff\xff",
                              44);

/// A tree with one of everything that an operating system may have; needs root.
void fill(const support::TempRoot &root)
{
  const std::string top = root.path() + "/";
  root.write("usr/bin/program", std::string(300'000, 'x') + "end");
  root.write("usr/bin/sudo", "s");
  root.write("usr/lib/empty", "");
  root.write("usr/lib/other-owner", "o");
  root.write("usr/lib/secret", "0000");
  root.write("usr/share/\xc3\xa4\xc3\xb6 name with spaces \\x2d", "u");
  root.write("usr/share/" + std::string(255, 'n'), "long");
  const std::string deep = std::string(120, 'a') + "/" + std::string(120, 'b') + "/" +
                           std::string(120, 'c') + "/" + std::string(120, 'd');
  root.write(deep, "deep");
  root.write("usr/share/deep", "-> " + deep);
  root.write("bin", "-> usr/bin");
  root.write("etc/absolute", "-> /nonexistent/target");
  root.write("var/empty/", "");
  root.write("var/tmp/", "");
  root.write("var/locked/inside", "i");
  root.write("sparse", "head");
  REQUIRE(::truncate((top + "sparse").c_str(), 40 << 20) == 0);
  REQUIRE(::link((top + "usr/bin/program").c_str(), (top + "usr/bin/again").c_str()) == 0);
  REQUIRE(::link((top + "usr/bin/program").c_str(), (top + "zz-link").c_str()) == 0);
  REQUIRE(::linkat(AT_FDCWD, (top + "bin").c_str(), AT_FDCWD, (top + "bin2").c_str(), 0) == 0);
  REQUIRE(::mkfifo((top + "var/fifo").c_str(), 0620) == 0);
  REQUIRE(::lchown((top + "usr/lib/other-owner").c_str(), 1000, 1001) == 0);
  REQUIRE(::lchown((top + "etc/absolute").c_str(), 7, 8) == 0);
  REQUIRE(::chmod((top + "usr/bin/sudo").c_str(), 04755) == 0);
  REQUIRE(::chmod((top + "usr/lib/secret").c_str(), 0000) == 0);
  REQUIRE(::chmod((top + "var/tmp").c_str(), 01777) == 0);
  REQUIRE(::chmod((top + "var/locked").c_str(), 0555) == 0);
  REQUIRE(::chmod(top.c_str(), 0751) == 0);
  set_extended(top + "usr/bin/program", "user.note", std::string("a\0b", 3));
  set_extended(top + "usr/lib/secret", "user.empty", "");
  set_extended(top + "var/empty", "user.on-directory", "yes");
  set_extended(top + "usr/lib/other-owner", "security.capability", capability);
  set_extended(top + "usr/lib/empty", "system.posix_acl_access", access_list);
  set_extended(top + "var/empty", "system.posix_acl_default", access_list);
  set_time(top + "usr/lib/empty", 1'000'000'000, 123'456'000);
  set_time(top + "etc/absolute", 5, 1000);
  set_time(top + "usr/lib/secret", -1000, 0);
  set_time(top + "var/fifo", 77, 0);
  set_time(top + "var/empty", 1'234'567'890, 0);
  set_time(top + "usr", 1'500'000'000, 999'999'000);
  set_time(top, 1'111'111'111, 0);
}

void extract(const base::Dir &into, const base::Fd &archive)
{
  base::LinuxSys sys;
  base::extract_tar(sys, archive, into, {.size = no_limit});
}

} // namespace

TEST_SUITE_BEGIN("updater/tree");

TEST_CASE("an archive made by GNU tar becomes the tree it was made of" * doctest::skip(!is_root()))
{
  const support::TempRoot source;
  fill(source);
  for (const std::string format : {"gnu", "pax"}) {
    CAPTURE(format);
    const support::TempRoot work{{"ours/", ""}, {"theirs/", ""}};
    const std::string archive = work.path() + "/a.tar";
    std::vector<std::string> make{"tar", "--format=" + format, "--numeric-owner", "--sparse"};
    if (format == "pax")
      make.insert(make.end(), {"--xattrs", "--xattrs-include=*", "--acls"});
    make.insert(make.end(), {"-C", source.path(), "-cf", archive, "."});
    run(make);
    extract(work.dir().dir("ours"), work.dir().file("a.tar"));
    run({"diff",
         "-r",
         "--no-dereference",
         "--exclude=fifo",
         "--exclude=console",
         source.path(),
         work.path() + "/ours"});
    if (format == "pax") // keeps all; the other formats have no attributes and whole seconds
      CHECK(listing(work.path() + "/ours", Times::microseconds) ==
            listing(source.path(), Times::microseconds));

    run({"tar",
         "--numeric-owner",
         "--xattrs",
         "--xattrs-include=*",
         "--acls",
         "-C",
         work.path() + "/theirs",
         "-xpf",
         archive});
    run({"diff",
         "-r",
         "--no-dereference",
         "--exclude=fifo",
         "--exclude=console",
         work.path() + "/theirs",
         work.path() + "/ours"});
    CHECK(listing(work.path() + "/ours", Times::seconds) ==
          listing(work.path() + "/theirs", Times::seconds));
  }
}

TEST_CASE("the oldest formats are read, and each compression")
{
  const support::TempRoot work{{"tree/a/file", "text"}, {"tree/link", "-> a/file"}};
  for (const std::string how : {"--format=v7",
                                "--format=ustar",
                                "--format=oldgnu",
                                "--gzip",
                                "--xz",
                                "--zstd",
                                "--bzip2",
                                "-Ilz4"}) {
    CAPTURE(how);
    run({"tar", how, "-C", work.path() + "/tree", "-cf", work.path() + "/a", "."});
    const support::TempRoot into;
    extract(into.dir(), work.dir().file("a"));
    CHECK(into.read("a/file") == "text");
    CHECK(into.dir().link_target("link") == "a/file");
  }
}

TEST_CASE("names come out byte for byte")
{
  const support::TempRoot work{{"tree/\xff\xfe latin \xe4", "text"},
                               {"tree/a\xcc\x88 decomposed", "d"}};
  run({"tar", "--format=gnu", "-C", work.path() + "/tree", "-cf", work.path() + "/a", "."});
  const support::TempRoot into;
  extract(into.dir(), work.dir().file("a"));
  CHECK(into.read("\xff\xfe latin \xe4") == "text");
  CHECK(into.read("a\xcc\x88 decomposed") == "d");
}

TEST_CASE("holes stay holes" * doctest::skip(!is_root()))
{
  const support::TempRoot source;
  fill(source);
  const support::TempRoot work{{"unpacked/", ""}, {"copied/", ""}};
  run({"tar", "-S", "-C", source.path(), "-cf", work.path() + "/a", "sparse"});
  extract(work.dir().dir("unpacked"), work.dir().file("a"));
  base::LinuxSys sys;
  base::copy_tree(sys, source.dir(), work.dir().dir("copied"));
  for (const std::string path : {"unpacked/sparse", "copied/sparse"}) {
    const auto status = work.dir().status(path);
    REQUIRE(status);
    CHECK(status->st_size == 40 << 20);
    CHECK(status->st_blocks < 1000);
  }
}

TEST_CASE("without the right to give files away, they belong to whoever unpacks, and no setuid bit "
          "or security attribute comes along" *
          doctest::skip(!is_root()))
{
  const support::TempRoot source;
  fill(source);
  const support::TempRoot work{{"into/", ""}};
  run({"tar",
       "--format=pax",
       "--numeric-owner",
       "--xattrs",
       "--xattrs-include=*",
       "-C",
       source.path(),
       "-cf",
       work.path() + "/a",
       "."});
  base::LinuxSys sys;
  base::extract_tar(sys,
                    work.dir().file("a"),
                    work.dir().dir("into"),
                    {.size = no_limit, .owners = base::Owners::own});
  const base::Dir into = work.dir().dir("into");
  CHECK(into.status("usr/lib/other-owner")->st_uid == 0);
  CHECK((into.status("usr/bin/sudo")->st_mode & 07777) == 0755);
  CHECK((into.status("var/tmp")->st_mode & 07777) == 01777);
  const std::string path = into.path() + "/usr/lib/other-owner";
  CHECK(::lgetxattr(path.c_str(), "security.capability", nullptr, 0) < 0);
  const std::string program = into.path() + "/usr/bin/program";
  CHECK(::lgetxattr(program.c_str(), "user.note", nullptr, 0) == 3);
}

TEST_CASE("a copied tree is the same in all that is kept" * doctest::skip(!is_root()))
{
  const support::TempRoot source;
  fill(source);
  REQUIRE(::mknod((source.path() + "/console").c_str(), S_IFCHR | 0600, makedev(5, 1)) == 0);
  const support::TempRoot copy;
  base::LinuxSys sys;
  base::copy_tree(sys, source.dir(), copy.dir());
  CHECK(listing(copy.path(), Times::microseconds) == listing(source.path(), Times::microseconds));
  run({"diff",
       "-r",
       "--no-dereference",
       "--exclude=fifo",
       "--exclude=console",
       source.path(),
       copy.path()});
}

TEST_CASE("a copy never leaves its source by a symlink")
{
  const support::TempRoot root{{"outside/secret", "s"},
                               {"from/up", "-> ../outside"},
                               {"from/file", "-> ../outside/secret"},
                               {"to/", ""}};
  base::LinuxSys sys;
  base::copy_tree(sys, root.dir().dir("from"), root.dir().dir("to"));
  CHECK(root.dir().link_target("to/up") == "../outside");
  CHECK(root.dir().link_target("to/file") == "../outside/secret");
}

TEST_CASE("what was there before keeps its mode and its content under other names")
{
  const support::TempRoot work{{"tree/dir/file", "new"}, {"into/dir/file", "old"}};
  const std::string into = work.path() + "/into";
  REQUIRE(::link((into + "/dir/file").c_str(), (into + "/kept").c_str()) == 0);
  REQUIRE(::chmod((into + "/dir").c_str(), 0711) == 0);
  REQUIRE(::chmod((into + "/dir/file").c_str(), 0640) == 0);
  REQUIRE(::chmod((work.path() + "/tree/dir").c_str(), 0777) == 0);
  run({"tar", "-C", work.path() + "/tree", "-cf", work.path() + "/a", "."});
  extract(work.dir().dir("into"), work.dir().file("a"));
  CHECK(work.read("into/dir/file") == "new");
  CHECK(work.read("into/kept") == "old");
  CHECK((work.dir().status("into/kept")->st_mode & 07777) == 0640);
  CHECK((work.dir().status("into/dir")->st_mode & 07777) == 0711);
}
