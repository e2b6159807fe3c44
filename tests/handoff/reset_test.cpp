// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset.hpp"
#include "handoff/reset_machine.hpp"
#include "support/private_mounts.hpp"
#include "support/thrown.hpp"
#include "support/tree_listing.hpp"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <filesystem>

TEST_SUITE_BEGIN("handoff/reset");

using base::Kind;
using handoff::ResetForecast;
using reset_machine::fill;
using reset_machine::request_for;
using reset_machine::reset;
using support::kind_of;
using support::TestHost;

namespace {

/// The paths of a forecast that go, each on a line.
std::string going(const ResetForecast &forecast)
{
  std::string text;
  for (const auto &place : forecast.places)
    for (const auto &item : place.items)
      if (item.goes)
        text += place.path + "/" + item.below + "\n";
  return text;
}

std::string why_stays(const ResetForecast &forecast, const std::string &path)
{
  for (const auto &place : forecast.places)
    for (const auto &item : place.items)
      if (!item.goes && place.path + "/" + item.below == path)
        return item.why;
  return "not among what stays";
}

} // namespace

TEST_CASE("a reset takes what was written, and leaves what the system needs")
{
  TestHost test;
  fill(test.root);
  test.root.write("etc/sysupdate.d/10-app.transfer",
                  "[Transfer]\nVerify=no\n[Source]\nType=url-file\nPath=http://localhost/\n"
                  "MatchPattern=app_@v.raw\n[Target]\nType=regular-file\nPath=/var/images\n"
                  "MatchPattern=app_@v.raw\nCurrentSymlink=/var/images/current\n");
  test.root.write("var/images/app_1.raw", "1");
  test.root.write("var/images/app_2+b.raw", "2");
  test.root.write("var/images/other", "goes");
  test.root.write("var/images/current", "-> app_1.raw");
  test.root.write("var/lib/extensions/tools.raw", "image");
  test.root.write("var/lib/extensions.mutable/usr/written", "goes");
  test.root.write("etc/verity.d/key.crt", "key");
  test.root.write("etc/strake/transport.conf", "");
  test.root.write("etc/systemd/system/timers.target.wants/strake-update.timer", "-> /usr/x");
  test.root.write("etc/systemd/system/own.service", "goes");
  reset(test);
  for (const char *gone : {"etc/machine-id",
                           "etc/hostname",
                           "etc/ssh",
                           "var/lib/app",
                           "var/log",
                           "home/ann",
                           "var/images/other",
                           "var/lib/extensions.mutable",
                           "etc/systemd/system/own.service",
                           "var/lib/strake/reset.json"})
    CHECK_MESSAGE(!test.root.exists(gone), gone);
  for (const char *there : {"usr/lib/os-release",
                            "etc/fstab",
                            "var/lib/strake/policy.json",
                            "var/images/app_1.raw",
                            "var/images/app_2+b.raw",
                            "var/lib/extensions/tools.raw",
                            "etc/verity.d/key.crt",
                            "etc/strake/transport.conf",
                            "etc/sysupdate.d/10-app.transfer",
                            "home"})
    CHECK_MESSAGE(test.root.exists(there), there);
  CHECK(test.root.dir().link_target("var/images/current") == "app_1.raw");
  CHECK(test.root.dir().link_target("etc/systemd/system/timers.target.wants/strake-update.timer"));
}

TEST_CASE("extensions go if that is asked for, with their definitions and what is known of them")
{
  TestHost test;
  fill(test.root);
  for (const std::string name : {"tool", "own"})
    test.root.write("etc/sysupdate." + name + ".d/x.transfer",
                    "[Transfer]\nVerify=no\n[Source]\nType=url-file\nPath=http://localhost/\n"
                    "MatchPattern=" +
                        name +
                        "_@v.raw\n[Target]\nType=regular-file\n"
                        "Path=/var/lib/" +
                        name + "\nMatchPattern=" + name + "_@v.raw\n" +
                        (name == "tool" ? "CurrentSymlink=/var/lib/extensions/tool.raw\n" : ""));
  test.root.write("var/lib/tool/tool_1.raw", "1");
  test.root.write("var/lib/own/own_1.raw", "1");
  test.root.write("var/lib/extensions/tool.raw", "-> ../tool/tool_1.raw");
  test.root.write("var/lib/strake/sets.json", R"({"sets": {}, "followed": "", "following": ""})");
  test.root.write("var/lib/strake/extensions/generations/1.json", "{}");
  reset(test);
  CHECK(test.root.exists("var/lib/tool/tool_1.raw"));
  CHECK(test.root.exists("var/lib/strake/sets.json"));
  reset(test, {.with_extensions = true});
  for (const char *gone : {"var/lib/tool",
                           "var/lib/extensions",
                           "etc/sysupdate.tool.d",
                           "var/lib/strake/sets.json",
                           "var/lib/strake/extensions"})
    CHECK_MESSAGE(!test.root.exists(gone), gone);
  CHECK(test.root.exists("var/lib/own/own_1.raw"));
  CHECK(test.root.exists("etc/sysupdate.own.d/x.transfer"));
  CHECK(test.root.exists("var/lib/strake/policy.json"));
}

TEST_CASE("what is kept stays with what is below, and what is beside it goes")
{
  TestHost test;
  fill(test.root);
  reset(test, {.keep = {"/home/ann", "/etc/ssh/ssh_host_.*"}, .keep_machine_id = true});
  CHECK(test.root.read("home/ann/notes") == "mine");
  CHECK(test.root.read("etc/ssh/ssh_host_key") == "secret");
  CHECK(test.root.exists("etc/machine-id"));
  CHECK_FALSE(test.root.exists("etc/ssh/sshd_config"));
  CHECK_FALSE(test.root.exists("home/bob"));
}

TEST_CASE("only the places that are named are reset")
{
  TestHost test;
  fill(test.root);
  reset(test, {.places = {"/home"}});
  CHECK_FALSE(test.root.exists("home/ann"));
  CHECK(test.root.exists("etc/hostname"));
  CHECK(kind_of([&] { (void)request_for(test, {.places = {"/usr"}}); }) == Kind::usage);
}

TEST_CASE("symlinks on the way to what is kept do not lose it")
{
  TestHost test;
  test.root.write("var/home/ann/notes", "mine");
  test.root.write("var/home/bob/notes", "his");
  test.root.write("home", "-> var/home");
  test.root.write("var/data/ann", "bytes");
  test.root.write("var/data/bob", "bytes");
  test.root.write("var/short", "-> data");
  SUBCASE("by the name of the place")
  {
    reset(test, {.keep = {"/home/ann", "/var/short/ann"}});
  }
  SUBCASE("by the real name")
  {
    reset(test, {.keep = {"/var/home/ann", "/var/data/ann", "/var/short"}});
  }
  SUBCASE("by an expression")
  {
    reset(test, {.keep = {"/home/a.*", "/var/(short|data/a.*)"}});
  }
  CHECK(test.root.read("home/ann/notes") == "mine");
  CHECK_FALSE(test.root.exists("var/home/bob"));
  CHECK(test.root.read("var/short/ann") == "bytes");
  CHECK_FALSE(test.root.exists("var/data/bob"));
}

TEST_CASE("a symlink that goes takes nothing along that it leads to")
{
  TestHost test;
  fill(test.root);
  test.root.write("usr/share/doc", "system");
  test.root.write("outside/file", "not reset");
  test.root.write("etc/doc", "-> ../usr/share/doc");
  test.root.write("etc/out", "-> ../../../../outside");
  test.root.write("etc/loop", "-> loop");
  reset(test);
  CHECK(test.root.read("usr/share/doc") == "system");
  CHECK(test.root.read("outside/file") == "not reset");
  CHECK_FALSE(test.root.dir().status("etc/out"));
  CHECK_FALSE(test.root.dir().status("etc/loop"));
}

TEST_CASE("a forecast says what goes and what stays, with sizes, and changes nothing")
{
  TestHost test;
  fill(test.root);
  std::filesystem::create_hard_link(test.root.path() + "/var/lib/app/data",
                                    test.root.path() + "/var/log/data");
  const std::string before = support::listing(test.root.path(), support::Times::changes);
  const ResetForecast forecast = handoff::foresee_reset(
      test.host, request_for(test, {.keep = {"/home/ann", "/nothing", "/no.*"}}));
  CHECK(support::listing(test.root.path(), support::Times::changes) == before);
  CHECK(going(forecast) ==
        "/etc/hostname\n/etc/machine-id\n/etc/ssh\n/var/lib/app\n/var/log\n/home/bob\n");
  CHECK(why_stays(forecast, "/home/ann") == "kept by /home/ann");
  CHECK(why_stays(forecast, "/etc/fstab") == "file systems are mounted by it");
  CHECK(forecast.unmatched == std::vector<std::string>{"/nothing", "/no.*"});
  const auto &var = forecast.places.at(1);
  CHECK(var.goes.files == 5); // app, data, log, messages, and data once more
  CHECK(var.goes.bytes >= 2U * 4096);
  CHECK(var.goes.bytes < 8U * 4096);
  CHECK(forecast.places.at(2).path == "/home");
  CHECK(forecast.places.at(2).stays.files == 2);
}

TEST_CASE("what is mounted below a place stays, and is not looked into")
{
  support::enter_private_mounts();
  TestHost test;
  fill(test.root);
  test.root.write("var/mnt/disk/", "");
  test.root.write("var/mnt/beside", "goes");
  test.root.write("var/one", "file");
  const std::string disk = test.root.path() + "/var/mnt/disk";
  REQUIRE(::mount("tmpfs", disk.c_str(), "tmpfs", 0, nullptr) == 0);
  REQUIRE(::mount((test.root.path() + "/etc/fstab").c_str(),
                  (test.root.path() + "/var/one").c_str(),
                  nullptr,
                  MS_BIND,
                  nullptr) == 0);
  test.root.write("var/mnt/disk/precious", "much");
  const ResetForecast forecast = handoff::foresee_reset(test.host, request_for(test));
  CHECK(why_stays(forecast, "/var/mnt/disk") == "another file system");
  CHECK(why_stays(forecast, "/var/one") == "another file system");
  reset(test);
  CHECK(test.root.read("var/mnt/disk/precious") == "much");
  CHECK_FALSE(test.root.exists("var/mnt/beside"));
  REQUIRE(::umount(disk.c_str()) == 0);
  REQUIRE(::umount((test.root.path() + "/var/one").c_str()) == 0);
}

TEST_CASE("a place on a file system of its own is reset, and its mount point stays")
{
  support::enter_private_mounts();
  TestHost test;
  fill(test.root);
  const std::string home = test.root.path() + "/home";
  REQUIRE(::mount("tmpfs", home.c_str(), "tmpfs", 0, nullptr) == 0);
  test.root.write("home/eve/notes", "hers");
  test.root.write("home/lost+found/", "");
  reset(test);
  CHECK_FALSE(test.root.exists("home/eve"));
  CHECK(test.root.exists("home/lost+found"));
  REQUIRE(::umount(home.c_str()) == 0);
  CHECK(test.root.exists("home/ann/notes"));
}

TEST_CASE("a request that cannot be understood does nothing, and can be cancelled")
{
  TestHost test;
  fill(test.root);
  handoff::stage_reset(test.host, request_for(test));
  const std::string good = test.root.read("var/lib/strake/reset.json");
  const auto with = [&](const std::string &from, const std::string &to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string &text : {std::string(),
                                  std::string("{}"),
                                  good.substr(0, good.size() / 2),
                                  with("\"format\": 1", "\"format\": 2"),
                                  with("\"reset\"", "\"format\""),
                                  with("\"/etc\"", "\"etc\""),
                                  with("\"/etc\"", "\"/e.*\""),
                                  with("\"keep\": []", "\"keep\": [\"(\"]"),
                                  with("\"keep\": []", "\"keep\": [7]")}) {
    CAPTURE(text);
    test.root.write("var/lib/strake/reset.json", text);
    CHECK(kind_of([&] { (void)handoff::perform_reset(test.host); }) == Kind::config);
    CHECK(test.root.exists("etc/hostname"));
    CHECK(handoff::is_reset_staged(test.host));
  }
  CHECK(handoff::cancel_reset(test.host));
  CHECK_FALSE(handoff::cancel_reset(test.host));
  CHECK(kind_of([&] { (void)handoff::perform_reset(test.host); }) == Kind::not_found);
}

TEST_CASE("a definition that cannot be read ends a reset before anything goes")
{
  TestHost test;
  fill(test.root);
  test.root.write("etc/sysupdate.d/10-app.transfer", "[Target]\nType=what\n");
  CHECK(kind_of([&] { reset(test); }) == Kind::config);
  CHECK(test.root.exists("etc/hostname"));
}

TEST_CASE("two at once: the second is told who is first")
{
  TestHost test;
  fill(test.root);
  handoff::stage_reset(test.host, request_for(test));
  const base::Dir held = test.root.dir().dir("var/lib/strake");
  REQUIRE(test.sys.try_lock(held.fd()));
  CHECK(kind_of([&] { (void)handoff::perform_reset(test.host); }) == Kind::busy);
  CHECK(kind_of([&] { (void)handoff::cancel_reset(test.host); }) == Kind::busy);
  CHECK(test.root.exists("etc/hostname"));
}
