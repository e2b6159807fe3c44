// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/merge.hpp"
#include "overlay/merged_system.hpp"
#include "support/fault_sys.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <climits>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/merge");

namespace {

using base::Kind;
using overlay::Action;
using overlay::Mutability;
using overlay::Plan;
using overlay::Request;
using overlay_test::merged_once;
using overlay_test::not_merged;
using overlay_test::System;

} // namespace

TEST_CASE("extensions are merged, exchanged and taken away, and the system's own files stay")
{
  System system;
  system.install_one();
  overlay::merge(system.host, {system.request()});
  CHECK(system.set_in("usr") == "one");
  CHECK(system.set_in("opt") == "one");
  CHECK_THROWS_AS(overlay::merge(system.host, {system.request()}), base::Error);
  system.install_two();
  overlay::refresh(system.host, {system.request()});
  CHECK(system.set_in("usr") == "two");
  CHECK(system.set_in("opt") == "two");
  CHECK(system.covers() == merged_once);
  overlay::unmerge(system.host, {system.request()});
  CHECK(system.covers() == not_merged);
  CHECK(system.text("usr/base") == "base");
  CHECK(system.text("usr/common") == "(none)");
}

TEST_CASE("a refresh touches nothing unless something has changed, be it deep in a directory")
{
  System system;
  system.install_one();
  CHECK_FALSE(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
  CHECK(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
  SUBCASE("a file of an extension")
  {
    system.root.write("var/lib/versions/first-one/usr/first", "changed");
    CHECK_FALSE(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
    CHECK(system.text("usr/first") == "changed");
  }
  SUBCASE("its settings")
  {
    system.root.write("etc/strake/extensions/first.conf", "[Extension]\nEnabled=no\n");
    CHECK_FALSE(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
    CHECK(system.text("usr/first") == "(none)");
  }
  SUBCASE("who is trusted")
  {
    system.root.write("etc/verity.d/new.crt", std::string((1U << 20U) + 1, 'x'));
    CHECK_FALSE(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
    CHECK(system.set_in("usr") == "one");
  }
  SUBCASE("how it is mounted")
  {
    Request request = system.request();
    request.no_programs = true;
    CHECK_FALSE(overlay::refresh(system.host, {request}).front().is_unchanged);
  }
  SUBCASE("somebody unmounted a hierarchy")
  {
    system.sys.unmount(system.root.dir().dir("opt").fd());
    CHECK_FALSE(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
    CHECK(system.covers() == merged_once);
  }
  SUBCASE("it is asked for")
  {
    Request request = system.request();
    request.unchanged = Request::Unchanged::merge_again;
    CHECK_FALSE(overlay::refresh(system.host, {request}).front().is_unchanged);
  }
}

namespace {

/// One refresh from the old set to the new one in which one call fails. False if it never came to
/// that call.
bool is_survived(const support::Fault &fault)
{
  System system;
  system.install_one();
  overlay::merge(system.host, {system.request()});
  system.install_two();
  support::FaultSys faulty(system.root.dir(), fault);
  bool is_done = true;
  try {
    overlay::refresh(system.host_with(faulty), {system.request()});
  } catch (const base::Error &) {
    is_done = false;
  }
  if (!faulty.failed())
    return false;
  CAPTURE(*faulty.failed());
  const std::string usr = system.set_in("usr");
  const bool is_whole = usr == "two" || (!is_done && usr == "one");
  CHECK_MESSAGE(is_whole, usr);
  CHECK(system.set_in("opt") == usr);
  overlay::refresh(system.host, {system.request()});
  CHECK(system.set_in("usr") == "two");
  CHECK(system.set_in("opt") == "two");
  CHECK(system.covers() == merged_once);
  return true;
}

} // namespace

TEST_CASE("whatever call of a refresh fails, the old set is there whole or the new one is")
{
  for (const support::FaultTime when : {support::FaultTime::before, support::FaultTime::after}) {
    std::size_t call = 0;
    while (is_survived({call, EIO, when}))
      ++call;
    CHECK(call > 40);
  }
}

namespace {

/// Refuses what came to Linux with 6.5 and 6.15: mounts beneath others, and in trees that hang
/// nowhere.
class OldKernelSys final : public base::LinuxSys {
public:
  explicit OldKernelSys(std::string root) : LinuxSys(Mounts::as_before_6_15), root_(std::move(root))
  {
  }

  void attach(const base::Fd &tree, const base::Fd &where, base::Place place) override
  {
    if (place == base::Place::beneath || !base::path_of(where).starts_with(root_))
      base::fail_os(EINVAL, "not on this kernel");
    LinuxSys::attach(tree, where, place);
  }

private:
  std::string root_;
};

} // namespace

TEST_CASE("on an old kernel the exchange has a gap, says so, and comes to the same")
{
  System system;
  OldKernelSys old(system.root.path());
  const base::Host host = system.host_with(old);
  system.root.write("opt/data/", "");
  const base::Dir mounted = system.sys.make_mount({.type = "tmpfs", .options = {{"mode", "0755"}}});
  system.sys.attach(mounted.fd(), system.root.dir().dir("opt/data").fd(), base::Place::on_top);
  system.root.write("opt/data/file", "mounted");
  system.install_one();
  overlay::refresh(host, {system.request()});
  CHECK(system.set_in("opt") == "one");
  CHECK(system.text("opt/data/file") == "mounted");
  system.install_two();
  overlay::refresh(host, {system.request()});
  CHECK(system.set_in("usr") == "two");
  CHECK(system.set_in("opt") == "two");
  CHECK(system.text("opt/data/file") == "mounted");
  CHECK(system.covers() == merged_once);
  const bool is_said =
      std::any_of(system.said.begin(), system.said.end(), [](const std::string &line) {
        return line.find("cannot exchange /opt in one step") != std::string::npos;
      });
  CHECK(is_said);
  overlay::unmerge(host, {system.request()});
  CHECK(system.text("opt/data/file") == "mounted");
  system.sys.unmount(system.root.dir().dir("opt/data").fd());
}

TEST_CASE("what is mounted below a hierarchy stays there, and is there once")
{
  System system;
  system.root.write("opt/data/", "");
  const base::Dir mounted = system.sys.make_mount({.type = "tmpfs", .options = {{"mode", "0755"}}});
  system.sys.attach(mounted.fd(), system.root.dir().dir("opt/data").fd(), base::Place::on_top);
  system.root.write("opt/data/file", "mounted");
  system.install_one();
  overlay::merge(system.host, {system.request()});
  CHECK(system.text("opt/data/file") == "mounted");
  SUBCASE("until it is unmounted while extensions are merged")
  {
    system.sys.unmount(system.root.dir().dir("opt/data").fd());
    overlay::unmerge(system.host, {system.request()});
    CHECK(system.text("opt/data/file") == "(none)");
  }
  SUBCASE("also if its directory is gone from the layers")
  {
    system.remove_extension("first");
    overlay::refresh(system.host, {system.request()});
    CHECK(system.text("opt/data/file") == "mounted");
    overlay::unmerge(system.host, {system.request()});
    CHECK(system.text("opt/data/file") == "mounted");
    system.sys.unmount(system.root.dir().dir("opt/data").fd());
    CHECK(system.text("opt/data/file") == "(none)");
  }
}

TEST_CASE("more extensions than the kernel takes layers are merged all the same")
{
  System system;
  constexpr int count = 510;
  for (int number = 0; number < count; ++number)
    system.extension(fmt::format("many-{}", number), "there");
  system.root.write("var/lib/versions/many-0-there/usr/both", "lowest");
  system.root.write("var/lib/versions/many-509-there/usr/both", "highest");
  overlay::refresh(system.host, {system.request()});
  for (int number = 0; number < count; ++number)
    CHECK(system.text(fmt::format("usr/many-{}", number)) == "there");
  CHECK(system.text("usr/base") == "base");
  CHECK(system.text("usr/both") == "highest");
}

TEST_CASE("what cannot even be looked at is broken, and not gone")
{
  System system;
  system.install_one();
  overlay::refresh(system.host, {system.request()});
  const std::string endless = "-> " + std::string(NAME_MAX + 1, 'x');
  SUBCASE("an extension that is merged stays so")
  {
    system.remove_extension("first");
    system.root.write("var/lib/extensions/first", endless);
    CHECK_THROWS_AS(overlay::refresh(system.host, {system.request()}), base::Error);
    CHECK(system.set_in("usr") == "one");
  }
  SUBCASE("a new one is left out with the reason")
  {
    system.root.write("var/lib/extensions/new.raw", endless);
    const std::vector<Plan> plans = overlay::refresh(system.host, {system.request()});
    CHECK(system.set_in("usr") == "one");
    const auto &omitted = plans.front().selection.omitted;
    REQUIRE(omitted.size() == 1);
    CHECK(omitted.front().image.name == "new");
    CHECK(omitted.front().is_broken);
  }
}

TEST_CASE("one broken image is left out with the reason, and the others are merged")
{
  System system;
  system.install_one();
  system.root.write("var/lib/extensions/broken.raw", "no image");
  SUBCASE("by default")
  {
    const std::vector<Plan> plans = overlay::refresh(system.host, {system.request()});
    CHECK(system.set_in("usr") == "one");
    const auto &omitted = plans.front().selection.omitted;
    REQUIRE(omitted.size() == 1);
    CHECK(omitted.front().image.name == "broken");
    CHECK(omitted.front().is_broken);
    CHECK(omitted.front().verdict.rule == "unreadable");
    // It is looked at again each time, and merged as soon as it can be.
    CHECK(overlay::refresh(system.host, {system.request()}).front().selection.omitted.size() == 1);
    system.remove("var/lib/extensions/broken.raw");
    system.extension("broken", "mended");
    overlay::refresh(system.host, {system.request()});
    CHECK(system.text("usr/broken") == "mended");
  }
  SUBCASE("but not if all are insisted on")
  {
    Request request = system.request();
    request.broken = Request::Broken::give_up;
    CHECK_THROWS_AS(overlay::refresh(system.host, {request}), base::Error);
    CHECK(system.covers() == not_merged);
  }
}

TEST_CASE("an extension below the system adds files, and hides none")
{
  System system;
  system.extension("low", "low");
  system.root.write("var/lib/versions/low-low/usr/base", "low");
  system.root.write("etc/strake/extensions/low.conf", "[Extension]\nBelow=yes\n");
  overlay::merge(system.host, {system.request()});
  CHECK(system.text("usr/base") == "base");
  CHECK(system.text("usr/low") == "low");
}

TEST_CASE("a hierarchy with nothing in it, and to be merged all the same, is")
{
  System system;
  system.remove("opt/base");
  Request request = system.request(Mutability::automatic);
  overlay::refresh(system.host, {request});
  CHECK(system.covers() == merged_once);
}

namespace {

/// /opt takes writes through refreshes, and what was written is found where it belongs.
void check_writable_opt(System &system, const base::Host &host, const std::string &written_to)
{
  Request request = system.request(Mutability::yes);
  request.configuration.hierarchies = {"/opt"};
  request.unchanged = Request::Unchanged::merge_again;
  system.install_one();
  overlay::refresh(host, {request});
  system.root.write("opt/written", "here");
  for (int round = 0; round < 3; ++round) {
    overlay::refresh(host, {request});
    CHECK(system.text("opt/written") == "here");
    CHECK(system.set_in("opt") == "one");
  }
  overlay::unmerge(host, {system.request()});
  CHECK(system.text("opt/common") == "(none)");
  CHECK(system.text(written_to + "/written") == "here");
  for (const std::string place : {"var/lib/extensions.mutable", "."})
    for (const base::DirEntry &entry : system.root.dir().dir(place).entries())
      CHECK_MESSAGE(!entry.name.starts_with(".systemd"), entry.name);
}

} // namespace

TEST_CASE("refreshes of a mutable hierarchy use two work directories, and leave none")
{
  System system;
  SUBCASE("where writes go to a directory of their own")
  {
    SUBCASE("today")
    {
      check_writable_opt(system, system.host, "var/lib/extensions.mutable/opt");
    }
    SUBCASE("on an old kernel")
    {
      OldKernelSys old(system.root.path());
      check_writable_opt(system, system.host_with(old), "var/lib/extensions.mutable/opt");
    }
    CHECK(system.text("opt/written") == "(none)");
  }
  SUBCASE("where writes go to the hierarchy itself")
  {
    system.root.write("var/lib/extensions.mutable/opt", "-> ../../../opt");
    SUBCASE("today")
    {
      check_writable_opt(system, system.host, "opt");
    }
    SUBCASE("on an old kernel")
    {
      OldKernelSys old(system.root.path());
      check_writable_opt(system, system.host_with(old), "opt");
    }
  }
}

TEST_CASE("what becomes of a hierarchy follows from what it is and what there is for it")
{
  CHECK(overlay::action_for(false, false, Mutability::no) == Action::none);
  CHECK(overlay::action_for(false, true, Mutability::no) == Action::merge);
  CHECK(overlay::action_for(true, true, Mutability::no) == Action::replace);
  CHECK(overlay::action_for(true, false, Mutability::no) == Action::unmerge);
  CHECK(overlay::action_for(false, false, Mutability::automatic) == Action::merge);
  CHECK(overlay::action_for(true, false, Mutability::ephemeral) == Action::replace);
}
