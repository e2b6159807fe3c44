// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/specifier.hpp"
#include "overlay/find.hpp"
#include "support/private_mounts.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <map>

TEST_SUITE_BEGIN("overlay/find");

using overlay::Class;
using overlay::Discovery;
using overlay::Hidden;
using overlay::Image;
using overlay::ImageKind;
using Strings = std::vector<std::string>;
using Paths = std::map<std::string, std::string>;

namespace {

Discovery find(const support::TestHost &test, Class extension_class = Class::sysext)
{
  return overlay::find_images(test.host, extension_class);
}

/// name → the path that led there
Paths paths(const Discovery &discovery)
{
  Paths result;
  for (const Image &image : discovery.images)
    result[image.name] = image.found;
  return result;
}

const Image &image(const Discovery &discovery, const std::string &name)
{
  const auto found = std::find_if(discovery.images.begin(),
                                  discovery.images.end(),
                                  [&](const Image &each) { return each.name == name; });
  REQUIRE_MESSAGE(found != discovery.images.end(), name);
  return *found;
}

const Hidden &hidden(const Discovery &discovery, const std::string &found_as)
{
  const auto found = std::find_if(discovery.hidden.begin(),
                                  discovery.hidden.end(),
                                  [&](const Hidden &each) { return each.image.found == found_as; });
  REQUIRE_MESSAGE(found != discovery.hidden.end(), found_as);
  return *found;
}

std::string full(const support::TestHost &test, const std::string &path)
{
  return test.root.path() + path;
}

bool is_root()
{
  return ::geteuid() == 0;
}

} // namespace

TEST_CASE("images are found in the directories of their class, in the initrd in other ones")
{
  const support::TestHost test;
  CHECK(find(test).images.empty());
  CHECK(overlay::search_directories(test.host, Class::sysext) ==
        Strings{"/etc/extensions", "/run/extensions", "/var/lib/extensions"});
  CHECK(overlay::search_directories(test.host, Class::confext) ==
        Strings{
            "/run/confexts", "/var/lib/confexts", "/usr/local/lib/confexts", "/usr/lib/confexts"});
  test.root.write("etc/initrd-release", "");
  CHECK(overlay::search_directories(test.host, Class::sysext) == Strings{"/etc/extensions",
                                                                         "/run/extensions",
                                                                         "/var/lib/extensions",
                                                                         "/.extra/sysext",
                                                                         "/.extra/global_sysext"});
  CHECK(overlay::search_directories(test.host, Class::confext) ==
        Strings{"/run/confexts",
                "/var/lib/confexts",
                "/usr/local/lib/confexts",
                "/.extra/confext",
                "/.extra/global_confext"});
  test.root.write(".extra/sysext/stub.raw", "");
  test.root.write("usr/lib/confexts/c.raw", "");
  test.root.write("usr/local/lib/confexts/d.raw", "");
  CHECK(paths(find(test)) == Paths{{"stub", "/.extra/sysext/stub.raw"}});
  CHECK(paths(find(test, Class::confext)) == Paths{{"d", "/usr/local/lib/confexts/d.raw"}});
}

TEST_CASE("directories, raw files and mstacks are images, and are named without their suffixes")
{
  const support::TestHost test;
  for (const char *path : {"plain/",
                           "cls.sysext/",
                           "dir.raw/",
                           "m.mstack/",
                           "n.sysext.mstack/",
                           ".hid/",
                           "f.raw",
                           "g.sysext.raw",
                           "x.confext.raw",
                           "a b.raw"})
    test.root.write(std::string("var/lib/extensions/") + path, "x");
  const Discovery found = find(test);
  CHECK(paths(found) == Paths{{".hid", "/var/lib/extensions/.hid"},
                              {"a b", "/var/lib/extensions/a b.raw"},
                              {"cls", "/var/lib/extensions/cls.sysext"},
                              {"dir.raw", "/var/lib/extensions/dir.raw"},
                              {"f", "/var/lib/extensions/f.raw"},
                              {"g", "/var/lib/extensions/g.sysext.raw"},
                              {"m", "/var/lib/extensions/m.mstack"},
                              {"n", "/var/lib/extensions/n.sysext.mstack"},
                              {"plain", "/var/lib/extensions/plain"},
                              {"x.confext", "/var/lib/extensions/x.confext.raw"}});
  CHECK(image(found, "plain").kind == ImageKind::directory);
  CHECK(image(found, "dir.raw").kind == ImageKind::directory);
  CHECK(image(found, "f").kind == ImageKind::raw);
  CHECK(image(found, "m").kind == ImageKind::mstack);
  CHECK(found.hidden.empty());
}

TEST_CASE("images come sorted as versions, the lowest first")
{
  const support::TestHost test;
  for (const char *name : {"c10", "B", "c9", "a_10", "a_9", "c1"})
    test.root.write(std::string("run/extensions/") + name + ".raw", "");
  Strings names;
  for (const Image &each : find(test).images)
    names.push_back(each.name);
  CHECK(names == Strings{"B", "a_9", "a_10", "c1", "c9", "c10"});
}

TEST_CASE("the first of a name counts, and it is told what it hides")
{
  const support::TestHost test;
  test.root.write("etc/extensions/a.sysext.raw", "");
  test.root.write("etc/extensions/mask/", "");
  test.root.write("run/extensions/a/usr/", "");
  test.root.write("var/lib/extensions/a.raw", "");
  test.root.write("var/lib/extensions/mask.raw", "");
  test.root.write("var/lib/extensions/two/usr/", "");
  test.root.write("var/lib/extensions/two.raw", "");
  const Discovery found = find(test);
  CHECK(paths(found) == Paths{{"a", "/etc/extensions/a.sysext.raw"},
                              {"mask", "/etc/extensions/mask"},
                              {"two", "/var/lib/extensions/two"}});
  REQUIRE(found.hidden.size() == 4);
  CHECK(hidden(found, "/run/extensions/a").rule == "shadowed");
  CHECK(hidden(found, "/var/lib/extensions/a.raw").by == "/etc/extensions/a.sysext.raw");
  CHECK(hidden(found, "/var/lib/extensions/a.raw").image.kind == ImageKind::raw);
  CHECK(hidden(found, "/var/lib/extensions/mask.raw").rule == "masked");
  CHECK(hidden(found, "/var/lib/extensions/mask.raw").by == "/etc/extensions/mask");
  CHECK(hidden(found, "/var/lib/extensions/two.raw").rule == "shadowed");
}

TEST_CASE("transfers in the making and the files of dm-verity are no images")
{
  const support::TestHost test;
  for (const char *name : {".sysupdate.a.raw",
                           ".#b.raw",
                           "c.roothash",
                           "c.usrhash",
                           "c.verity",
                           "c.roothash.p7s",
                           "c.usrhash.p7s",
                           ".sysupdate.d/"})
    test.root.write(std::string("var/lib/extensions/") + name, "");
  const Discovery found = find(test);
  CHECK(found.images.empty());
  CHECK(found.hidden.empty());
}

TEST_CASE("symlinks are followed beneath the root, by the name of the symlink")
{
  const support::TestHost test;
  test.root.write("srv/other/usr/", "");
  test.root.write("srv/other.raw", "");
  test.root.write("srv/image", "");
  test.root.write("var/lib/extensions/rel", "-> ../../../srv/other");
  test.root.write("var/lib/extensions/abs.sysext", "-> /srv/other");
  test.root.write("var/lib/extensions/relraw.raw", "-> ../../../srv/other.raw");
  test.root.write("var/lib/extensions/absraw.raw", "-> /srv/image");
  test.root.write("var/lib/extensions/nosuffix", "-> /srv/other.raw");
  test.root.write("var/lib/extensions/loop", "-> loop");
  test.root.write("var/lib/extensions/dangling.raw", "-> /srv/nowhere");
  test.root.write("var/lib/extensions/outside", "-> ../../../../../../../../tmp");
  const Discovery found = find(test);
  CHECK(paths(found) == Paths{{"rel", "/var/lib/extensions/rel"},
                              {"abs", "/var/lib/extensions/abs.sysext"},
                              {"relraw", "/var/lib/extensions/relraw.raw"},
                              {"absraw", "/var/lib/extensions/absraw.raw"}});
  CHECK(image(found, "rel").path == "/srv/other");
  CHECK(image(found, "abs").path == "/srv/other");
  CHECK(image(found, "absraw").path == "/srv/image");
  CHECK(hidden(found, "/var/lib/extensions/nosuffix").rule == "kind");
  CHECK(hidden(found, "/var/lib/extensions/loop").rule == "unreadable");
  CHECK(hidden(found, "/var/lib/extensions/dangling.raw").rule == "unreadable");
  CHECK(hidden(found, "/var/lib/extensions/outside").rule == "unreadable");
  CHECK(found.hidden.size() == 4);
}

TEST_CASE("a search directory may itself be a symlink")
{
  const support::TestHost test;
  test.root.write("srv/all/a.raw", "");
  test.root.write("var/lib/extensions", "-> /srv/all");
  const Discovery found = find(test);
  CHECK(image(found, "a").found == "/var/lib/extensions/a.raw");
  CHECK(image(found, "a").path == "/srv/all/a.raw");
}

TEST_CASE("what is no image is told of with its reason, and takes nothing else down")
{
  const support::TestHost test;
  const std::string place = "var/lib/extensions/";
  test.root.write(place + "good.raw", "");
  test.root.write(place + "README", "");
  for (const char *name : {"ctl\x01x.raw", "bad\xff.raw", ".raw", ".sysext.raw", "esc\x1b[2J.raw"})
    test.root.write(place + name, "");
  for (const char *name : {".v/", "\x02.v/", ".raw.v/"})
    test.root.write(place + name, "");
  REQUIRE(::mkfifo(full(test, "/var/lib/extensions/fifo.raw").c_str(), 0600) == 0);
  const Discovery found = find(test);
  CHECK(paths(found) == Paths{{"good", "/var/lib/extensions/good.raw"}});
  CHECK(found.hidden.size() == 10);
  CHECK(hidden(found, "/var/lib/extensions/README").rule == "kind");
  CHECK(hidden(found, "/var/lib/extensions/fifo.raw").rule == "kind");
  for (const char *name : {"ctl\x01x.raw", "bad\xff.raw", ".raw", ".sysext.raw", "\x02.v", ".v"})
    CHECK(hidden(found, std::string("/var/lib/extensions/") + name).rule == "name");
}

TEST_CASE("an image that shadows nothing because it cannot be looked at leaves its name free")
{
  const support::TestHost test;
  test.root.write("etc/extensions/a", "-> a");
  test.root.write("etc/extensions/b.raw.v/", "");
  test.root.write("var/lib/extensions/a.raw", "");
  test.root.write("var/lib/extensions/b.raw", "");
  CHECK(paths(find(test)) ==
        Paths{{"a", "/var/lib/extensions/a.raw"}, {"b", "/var/lib/extensions/b.raw"}});
}

TEST_CASE("of a .v directory the best version is taken, and why the others are not is told")
{
  support::TestHost test;
  const std::string own = base::read_specifiers(test.host).architecture;
  const std::string other = own == "riscv64" ? "s390x" : "riscv64";
  const std::string place = "var/lib/extensions/";
  for (const std::string &name : Strings{"v1_1.0", "v1_1.10", "v1_1.9", "v1_2_" + other, "other_9"})
    test.root.write(place + "v1.v/" + name + "/", "");
  test.root.write(place + "v2.raw.v/v2_1.0.raw", "");
  test.root.write(place + "v2.raw.v/v2_1.0_" + own + ".raw", "");
  test.root.write(place + "v2.raw.v/v2_3+0-3.raw", "");
  test.root.write(place + "v4.sysext.raw.v/v4_1.sysext.raw", "");
  test.root.write(place + "v4.sysext.raw.v/v4_2.raw", "");
  test.root.write(place + "v17.mstack.v/v17_1.mstack/", "");
  const Discovery found = find(test);
  CHECK(paths(found) == Paths{{"v1", "/var/lib/extensions/v1.v/v1_1.10"},
                              {"v2", "/var/lib/extensions/v2.raw.v/v2_1.0_" + own + ".raw"},
                              {"v4", "/var/lib/extensions/v4.sysext.raw.v/v4_1.sysext.raw"},
                              {"v17", "/var/lib/extensions/v17.mstack.v/v17_1.mstack"}});
  CHECK(image(found, "v1").version == "1.10");
  CHECK(image(found, "v2").version == "1.0");
  CHECK(image(found, "v2").kind == ImageKind::raw);
  CHECK(image(found, "v17").kind == ImageKind::mstack);
  const Hidden &older = hidden(found, "/var/lib/extensions/v1.v/v1_1.9");
  CHECK(older.rule == "older");
  CHECK(older.by == "/var/lib/extensions/v1.v/v1_1.10");
  CHECK(older.image.version == "1.9");
  CHECK(hidden(found, "/var/lib/extensions/v1.v/v1_2_" + other).rule == "architecture");
  CHECK(hidden(found, "/var/lib/extensions/v1.v/other_9").rule == "version-name");
  CHECK(hidden(found, "/var/lib/extensions/v4.sysext.raw.v/v4_2.raw").rule == "version-name");
}

TEST_CASE("a .v directory, or what is in it, may be a symlink")
{
  const support::TestHost test;
  const std::string place = "var/lib/extensions/";
  test.root.write("srv/pick/r_1.0/usr/", "");
  test.root.write("srv/pick/a_1.0/usr/", "");
  test.root.write("srv/rawpick/i_1.0.raw", "");
  test.root.write("srv/othername/usr/", "");
  test.root.write("srv/othername.raw", "");
  test.root.write(place + "r.v", "-> ../../../srv/pick");
  test.root.write(place + "a.v", "-> /srv/pick");
  test.root.write(place + "i.raw.v", "-> /srv/rawpick");
  test.root.write(place + "in.v/in_1.0", "-> ../../../../srv/othername");
  test.root.write(place + "ina.v/ina_1.0", "-> /srv/othername");
  test.root.write(place + "inr.raw.v/inr_1.0.raw", "-> ../../../../srv/othername.raw");
  const Discovery found = find(test);
  REQUIRE(found.images.size() == 6);
  CHECK(image(found, "r").path == "/srv/pick/r_1.0");
  CHECK(image(found, "a").path == "/srv/pick/a_1.0");
  CHECK(image(found, "i").path == "/srv/rawpick/i_1.0.raw");
  CHECK(image(found, "in").path == "/srv/othername");
  CHECK(image(found, "ina").path == "/srv/othername");
  CHECK(image(found, "inr").path == "/srv/othername.raw");
  CHECK(image(found, "inr").kind == ImageKind::raw);
}

TEST_CASE("in a .v directory what is of the wrong kind or leads nowhere is passed over")
{
  const support::TestHost test;
  const std::string place = "var/lib/extensions/";
  test.root.write(place + "f.raw.v/f_2.raw/", "");
  test.root.write(place + "f.raw.v/f_1.raw", "");
  test.root.write(place + "d.v/d_2", "");
  test.root.write(place + "d.v/d_1/", "");
  test.root.write(place + "n.v/n_3", "-> /nowhere");
  test.root.write(place + "n.v/n_2", "-> n_2");
  test.root.write(place + "n.v/n_1/", "");
  test.root.write(place + "none.v/none_1", "");
  const Discovery found = find(test);
  CHECK(paths(found) == Paths{{"f", "/var/lib/extensions/f.raw.v/f_1.raw"},
                              {"d", "/var/lib/extensions/d.v/d_1"},
                              {"n", "/var/lib/extensions/n.v/n_1"}});
  CHECK(hidden(found, "/var/lib/extensions/f.raw.v/f_2.raw").rule == "kind");
  CHECK(hidden(found, "/var/lib/extensions/n.v/n_3").rule == "unreadable");
  CHECK(hidden(found, "/var/lib/extensions/n.v/n_2").rule == "unreadable");
  CHECK(hidden(found, "/var/lib/extensions/none.v").rule == "no-version");
}

TEST_CASE("a raw image has the time of its last change, and is read-only by its mode or place")
{
  const support::TestHost test;
  test.root.write("var/lib/extensions/a.raw", "");
  test.root.write("var/lib/confexts/b.raw", "");
  test.root.write("usr/lib/confexts/c.raw", "");
  const timespec times[2] = {{1'000'000, 5'000}, {1'700'000'000, 123'456'000}};
  const std::string path = full(test, "/var/lib/extensions/a.raw");
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  CHECK(image(find(test), "a").time_us == 1'700'000'000'123'456U);
  CHECK_FALSE(image(find(test), "a").is_read_only);
  REQUIRE(::chmod(path.c_str(), 0444) == 0);
  CHECK(image(find(test), "a").is_read_only);
  CHECK_FALSE(image(find(test, Class::confext), "b").is_read_only);
  CHECK(image(find(test, Class::confext), "c").is_read_only);
}

TEST_CASE("a directory has the time of its making")
{
  const support::TestHost test;
  test.root.write("var/lib/extensions/a/", "");
  struct statx facts = {};
  REQUIRE(::statx(AT_FDCWD, full(test, "/var/lib/extensions/a").c_str(), 0, STATX_BTIME, &facts) ==
          0);
  if ((facts.stx_mask & STATX_BTIME) == 0)
    return;
  CHECK(image(find(test), "a").time_us / 1'000'000U ==
        static_cast<std::uint64_t>(facts.stx_btime.tv_sec));
}

TEST_CASE("a block device is an image under its whole name")
{
  if (!is_root())
    return;
  const support::TestHost test;
  test.root.write("var/lib/extensions/v.raw.v/", "");
  for (const char *name : {"blk", "blk.raw", "v.raw.v/v_1.raw"})
    REQUIRE(::mknod(full(test, std::string("/var/lib/extensions/") + name).c_str(),
                    S_IFBLK | 0600,
                    makedev(7, 0)) == 0);
  test.root.write("sys/dev/block/7:0/ro", "1\n");
  const Discovery found = find(test);
  CHECK(paths(found) == Paths{{"blk", "/var/lib/extensions/blk"},
                              {"blk.raw", "/var/lib/extensions/blk.raw"},
                              {"v", "/var/lib/extensions/v.raw.v/v_1.raw"}});
  CHECK(image(found, "blk").kind == ImageKind::block);
  CHECK(image(found, "blk").time_us == 0);
  CHECK(image(found, "blk").is_read_only);
  test.root.write("sys/dev/block/7:0/ro", "0\n");
  CHECK_FALSE(image(find(test), "blk").is_read_only);
}

TEST_CASE("a btrfs subvolume is told from a directory, and is read-only by its own flag")
{
  if (!is_root() || !base::ProcessRunner().exists("mkfs.btrfs"))
    return;
  support::enter_private_mounts(); // what is opened after this is in mounts of its own
  support::TestHost test;
  test.root.write("disk", "");
  test.root.write("var/lib/extensions/", "");
  const base::Fd disk = test.sys.open_writable(test.host.root, "disk");
  constexpr std::uint64_t smallest = std::uint64_t{128} << 20U;
  test.sys.resize(disk, smallest);
  REQUIRE(test.programs.run({.argv = {"mkfs.btrfs", "-q", full(test, "/disk")}}).status == 0);
  const base::Fd loop = test.sys.attach_loop(disk, {0, smallest}, base::Access::read_write);
  const base::Dir mounted = test.sys.make_mount({.type = "btrfs", .device = &loop});
  test.sys.attach(mounted.fd(), test.host.root.dir("var/lib/extensions").fd(), base::Place::on_top);
  const base::Dir top = test.host.root.dir("var/lib/extensions");
  for (const char *name : {"sub", "frozen"})
    test.sys.make_subvolume(top, name);
  test.sys.set_subvolume_read_only(top.dir("frozen"), true);
  test.sys.make_dir(top, "plain", 0755);
  const Discovery found = find(test);
  test.sys.unmount(top.fd());
  REQUIRE(found.images.size() == 3);
  CHECK(image(found, "plain").kind == ImageKind::directory);
  CHECK(image(found, "sub").kind == ImageKind::subvolume);
  CHECK(image(found, "sub").time_us != 0);
  CHECK_FALSE(image(found, "sub").is_read_only);
  CHECK(image(found, "frozen").kind == ImageKind::subvolume);
  CHECK(image(found, "frozen").is_read_only);
}

TEST_CASE("a search path that is no directory is an error")
{
  const support::TestHost test;
  test.root.write("var/lib/extensions", "a file");
  CHECK_THROWS_AS((void)find(test), base::Error);
}
