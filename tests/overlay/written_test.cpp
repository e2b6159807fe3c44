// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/capture.hpp"
#include "overlay/fit.hpp"
#include "overlay/merge.hpp"
#include "overlay/written.hpp"
#include "support/extension_image.hpp"
#include "support/fault_sys.hpp"
#include "support/private_mounts.hpp"
#include "support/test_host.hpp"
#include "support/tree_listing.hpp"

#include <doctest/doctest.h>
#include <fmt/ranges.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/written");

namespace {

using base::Kind;
using overlay::Class;
using overlay::Mutability;
using overlay::Request;
using overlay::Written;
namespace fs = std::filesystem;

struct PrivateMounts {
  PrivateMounts() { support::enter_private_mounts(); }
};

/// A system with one extension, whose /usr and /opt are merged so that they can be written.
class System : private PrivateMounts, public support::TestHost {
public:
  explicit System(Mutability mutability) : mutability_(mutability)
  {
    host.machine = base::Dir::open_root("/");
    root.write("usr/lib/os-release", "ID=test\nVERSION_ID=1\n");
    for (const char *name : {"stays", "goes", "changes", "mode"})
      root.write(std::string("usr/share/") + name, "base");
    root.write("usr/share/folder/inner", "base");
    root.write("usr/share/replaced/hidden", "base");
    root.write("opt/base", "base");
    const std::string tree = "var/lib/extensions/first/usr/";
    root.write(tree + "lib/extension-release.d/extension-release.first", "ID=_any\n");
    root.write(tree + "share/extension", "extension");
    merge();
  }

  System(const System &) = delete;
  System &operator=(const System &) = delete;

  ~System()
  {
    try {
      overlay::unmerge(host, {request()});
    } catch (const base::Error &error) {
      MESSAGE(error.what());
    }
  }

  void merge() { overlay::refresh(host, {request()}); }

  void merge_again()
  {
    Request again = request();
    again.unchanged = Request::Unchanged::merge_again;
    overlay::refresh(host, {again});
  }

  void unmerge() { overlay::unmerge(host, {request()}); }

  Request request() const
  {
    Request request;
    request.configuration.mutability = mutability_;
    request.configuration.hierarchies = {"/usr", "/opt"};
    request.configuration.size_limit = "1M";
    return request;
  }

  std::vector<Written> written(const std::vector<std::string> &hierarchies = {"/usr", "/opt"})
  {
    return overlay::find_written(host, request(), hierarchies);
  }

  /// "added share/new; changed share/mode (mode)"
  std::string differences(const std::string &hierarchy = "/usr")
  {
    std::vector<std::string> lines;
    for (const Written &each : written({hierarchy}))
      for (const overlay::WrittenPath &one : overlay::written_paths(*each.views, Class::sysext)) {
        lines.push_back(
            std::array{"added", "changed", "removed"}.at(static_cast<std::size_t>(one.change)) +
            (" " + one.path));
        if (!one.what.empty())
          lines.back() += fmt::format(" ({})", fmt::join(one.what, ", "));
      }
    return fmt::format("{}", fmt::join(lines, "; "));
  }

  overlay::Captured capture(const std::string &name)
  {
    return overlay::capture(host, request(), name);
  }

  Kind refusal(const std::string &name)
  {
    try {
      capture(name);
    } catch (const base::Error &error) {
      refused = error.what();
      return error.kind();
    }
    return Kind::internal;
  }

  std::string full(const std::string &path) const { return root.path() + "/" + path; }

  void remove(const std::string &path) const { fs::remove_all(full(path)); }

  std::string text(const std::string &path) { return host.root.text(path).value_or("(none)"); }

  /// Some of everything.
  void write() const
  {
    root.write("usr/share/changes", "changed");
    remove("usr/share/goes");
    root.write("usr/share/new/deep/file", "new");
    fs::permissions(full("usr/share/mode"), fs::perms::owner_read);
    remove("usr/share/replaced");
    root.write("usr/share/replaced/own", "new");
    root.write("usr/share/link", "-> changes");
    fs::rename(full("usr/share/folder"), full("usr/share/moved"));
  }

  const std::string all_written =
      "changed share/changes (content); removed share/folder; removed share/goes; added "
      "share/link; "
      "changed share/mode (mode); added share/moved; added share/moved/inner; added share/new; "
      "added "
      "share/new/deep; added share/new/deep/file; changed share/replaced (replaced); removed "
      "share/replaced/hidden; added share/replaced/own";

  std::string refused;

private:
  Mutability mutability_;
};

} // namespace

TEST_CASE("what was written is told path by path, in a directory or in memory")
{
  for (const Mutability mutability : {Mutability::yes, Mutability::ephemeral}) {
    System system(mutability);
    CHECK(system.differences().empty());
    system.write();
    system.root.write("usr/share/stays", "base"); // again what it was
    CHECK(system.differences() == system.all_written);
    CHECK(system.differences("/opt").empty());
    CHECK(system.written({"/usr"}).front().is_ephemeral == (mutability == Mutability::ephemeral));
    // Against the layers that are merged, and never against others.
    system.remove("var/lib/extensions/first");
    if (mutability == Mutability::ephemeral)
      CHECK(system.differences() == system.all_written);
    else
      CHECK_THROWS_WITH_AS(system.differences(),
                           doctest::Contains("/var/lib/extensions/first) has changed or is gone"),
                           base::Error);
    system.merge();
    CHECK(system.differences() == (mutability == Mutability::yes ? system.all_written : ""));
  }
}

TEST_CASE("it is told against all layers that are merged, each in its place")
{
  for (const Mutability mutability : {Mutability::yes, Mutability::ephemeral}) {
    System system(mutability);
    for (const char *name : {"first", "second", "under"}) {
      const std::string tree = std::string("var/lib/extensions/") + name + "/usr/";
      system.root.write(tree + "lib/extension-release.d/extension-release." + name, "ID=_any\n");
      system.root.write(tree + "share/common", name);
      system.root.write(tree + "share/" + name, name);
      system.root.write(tree + "share/mode", name); // the system has it too
    }
    system.root.write("etc/strake/extensions/under.conf", "[Extension]\nBelow=yes\n");
    system.merge();
    system.root.write("usr/share/common", "second"); // as it is
    system.root.write("usr/share/mode", "first");
    system.root.write("usr/share/under", "under");
    system.root.write("usr/share/stays", "base");
    CHECK(system.differences() == "changed share/mode (content)");
    system.remove("usr/share/under");
    CHECK(system.differences() == "changed share/mode (content); removed share/under");
  }
}

TEST_CASE("an image that is merged shows what is below, whatever has become of its file")
{
  for (const Mutability mutability : {Mutability::yes, Mutability::ephemeral}) {
    System system(mutability);
    const auto install = [&](const std::string &text) {
      system.remove("var/lib/extensions/image.raw");
      system.root.write("var/lib/extensions/image.raw",
                        support::squashfs_of(
                            {{"usr/lib/extension-release.d/extension-release.image", "ID=_any\n"},
                             {"usr/share/image", text}}));
    };
    install("1");
    system.merge();
    system.root.write("usr/share/image", "2");
    install("2");
    CHECK(system.differences() == "changed share/image (content)");
    system.remove("var/lib/extensions/image.raw");
    CHECK(system.differences() == "changed share/image (content)");
  }
}

TEST_CASE(
    "a directory that is gone or changed is named, but where that would lose what was written")
{
  const auto change = [](System &system) {
    system.root.write("var/lib/extensions/first/usr/share/more", "more");
  };
  const auto remove = [](System &system) { system.remove("var/lib/extensions/first"); };
  for (const auto &damage : {std::function<void(System &)>(change), {remove}}) {
    System kept(Mutability::yes);
    kept.write();
    damage(kept);
    CHECK(kept.refusal("mine") == Kind::not_found);
    CHECK(kept.refused.find("/usr: extension 'first' (") != std::string::npos);
    CHECK(kept.refused.find("`strake ext refresh`") != std::string::npos);
    kept.merge();
    CHECK(kept.differences() == kept.all_written);

    System ephemeral(Mutability::ephemeral);
    ephemeral.write();
    damage(ephemeral);
    CHECK(ephemeral.differences() == ephemeral.all_written);
  }
}

TEST_CASE("the mutable directory that is written to is the one that counts")
{
  System system(Mutability::automatic);
  for (const char *name : {"a", "b"})
    system.root.write(std::string("var/") + name + "/usr/", "");
  const std::string link = "var/lib/extensions.mutable/usr";
  system.root.write(link, "-> ../../../var/a/usr");
  system.merge_again();
  system.root.write("usr/new", "new");
  system.remove(link);
  system.root.write(link, "-> ../../../var/b/usr");
  CHECK(system.differences() == "added new");
  fs::rename(system.full("var/a/usr"), system.full("var/a/moved"));
  const std::string lost = "/var/a/usr is not the directory any more that /usr writes to";
  CHECK(system.refusal("mine") == Kind::not_found);
  CHECK(system.refused.find(lost) != std::string::npos);
  system.root.write("var/a/usr/", "");
  CHECK(system.refusal("mine") == Kind::not_found);
  CHECK(system.refused.find(lost) != std::string::npos);
  system.remove("var/a/usr");
  fs::rename(system.full("var/a/moved"), system.full("var/a/usr"));
  CHECK(system.differences() == "added new");
  system.merge_again();
  CHECK(system.differences().empty());
}

TEST_CASE("of a mutable hierarchy the metadata can be unmounted by hand")
{
  System system(Mutability::yes);
  system.root.write("usr/new", "new");
  const std::string metadata = system.full("usr/.systemd-sysext");
  REQUIRE(::umount2(metadata.c_str(), 0) == 0);
  system.root.write("usr/.systemd-sysext/seen", "by hand");
  CHECK(system.text("var/lib/extensions.mutable/usr/.systemd-sysext/seen") == "by hand");
  const auto table = overlay::read_mount_table(system.host);
  CHECK(std::none_of(table.begin(), table.end(), [&](const overlay::MountLine &line) {
    return line.target.starts_with(metadata);
  }));
  CHECK(system.differences() == "added new");
  system.unmerge();
  CHECK(system.text("usr/new") == "(none)");
}

TEST_CASE("what is hidden under the metadata is not to be seen, and gone with the overlay")
{
  System system(Mutability::ephemeral);
  const auto entries = system.host.root.dir("usr/.systemd-sysext").entries();
  CHECK(std::any_of(entries.begin(), entries.end(), [](const base::DirEntry &entry) {
    return entry.name == "extensions";
  }));
  CHECK_THROWS_AS(system.sys.make_dir(system.host.root.dir("usr/.systemd-sysext"), "new", 0755),
                  base::Error);
  CHECK(system.host.root.dir("usr/.systemd-sysext/strake-written").entries().empty());
  const auto kept = [&] {
    return overlay::find_hierarchy(
               system.host, Class::sysext, "/usr", overlay::read_mount_table(system.host))
        .kept_mounts;
  };
  CHECK(kept() == 3);
  system.merge();
  CHECK(kept() == 3);
  // As systemd-sysext does it first of all. What it finds below the hierarchy then it keeps.
  system.sys.unmount(system.host.root.dir("usr/.systemd-sysext").fd());
  const auto table = overlay::read_mount_table(system.host);
  const std::string below = system.full("usr/.systemd-sysext");
  CHECK(std::none_of(table.begin(), table.end(), [&](const overlay::MountLine &line) {
    return line.target.starts_with(below);
  }));
  CHECK(system.written({"/usr"}).front().place == Written::Place::unknown);
  system.unmerge();
  CHECK(kept() == 0);
}

TEST_CASE("mounts below a hierarchy are not taken for what was written")
{
  System system(Mutability::ephemeral);
  system.root.write("usr/share/folder/new", "new");
  const base::Dir mounted = system.sys.make_mount({.type = "tmpfs"});
  const base::Dir place = system.host.root.dir("usr/share/folder");
  system.sys.attach(mounted.fd(), place.fd(), base::Place::on_top);
  system.root.write("usr/share/folder/elsewhere", "mounted");
  CHECK(system.differences() == "added share/folder/new");
  system.sys.unmount(system.host.root.dir("usr/share/folder").fd());
}

TEST_CASE("where the hierarchy itself is written to nothing can be told, nor where nothing is")
{
  System system(Mutability::no);
  CHECK(system.written().empty());
  system.unmerge();
  system.root.write("var/lib/extensions.mutable/usr", "-> ../../../usr");
  overlay::Request request = system.request();
  request.configuration.mutability = Mutability::automatic;
  request.configuration.hierarchies = {"/usr"};
  overlay::refresh(system.host, {request});
  const auto written = system.written({"/usr"});
  CHECK(written.size() == 1);
  CHECK(written.front().place == Written::Place::in_base);
  CHECK(system.refusal("new") == Kind::config);
}

TEST_CASE("a full ephemeral hierarchy takes no more, and is merged anew like any other")
{
  System system(Mutability::ephemeral);
  const std::string big(std::size_t{2} << 20U, 'x');
  const base::Fd file = system.sys.create(system.host.root.dir("usr"), "big", 0644);
  try {
    system.sys.write_at(file, 0, std::as_bytes(std::span(big)));
    CHECK(false);
  } catch (const base::Error &error) {
    CHECK(error.kind() == Kind::no_space);
  }
  CHECK(system.differences() == "added big");
  CHECK(system.text("usr/.systemd-sysext/extensions") == "first\n");
  system.root.write("var/lib/extensions/first/usr/share/more", "more");
  system.merge();
  CHECK(system.text("usr/share/more") == "more");
  CHECK(system.text("usr/big") == "(none)");
  system.unmerge();
  CHECK(system.text("usr/share/extension") == "(none)");
}

TEST_CASE("another size is a reason to merge ephemeral hierarchies anew, and no others")
{
  for (const Mutability mutability : {Mutability::yes, Mutability::ephemeral}) {
    System system(mutability);
    Request request = system.request();
    request.configuration.size_limits = {{"/opt", "2M"}};
    CHECK(overlay::refresh(system.host, {request}).front().is_unchanged ==
          (mutability == Mutability::yes));
  }
}

TEST_CASE("an extension of what was written shows the same over the same base")
{
  for (const Mutability mutability : {Mutability::yes, Mutability::ephemeral}) {
    System system(mutability);
    system.write();
    system.root.write("opt/tool/program", "new");
    fs::create_hard_link(system.full("opt/tool/program"), system.full("opt/tool/again"));
    fs::permissions(system.full("opt/tool"), fs::perms::owner_all);
    CHECK(::setxattr(system.full("opt/tool/program").c_str(), "user.note", "x", 1, 0) == 0);
    const auto now = [&](const std::string &hierarchy) {
      return support::listing(
          system.full(hierarchy), support::Times::microseconds, ".systemd-sysext");
    };
    const auto captured = system.capture("mine");
    CHECK(captured.path == "/var/lib/extensions/mine");
    CHECK(captured.masks_directories);
    system.root.write("etc/strake/extensions/mine.conf",
                      "[Extension]\nAllowDangers=masks-system masks-extension\n");
    CHECK(captured.hierarchies == std::vector<std::string>{"/usr", "/opt"});
    const std::string usr = now("usr/share");
    const std::string opt = now("opt/tool");
    CHECK(system.differences() == system.all_written); // it stays where it is
    system.unmerge();
    system.remove("var/lib/extensions.mutable");
    CHECK(system.text("usr/share/changes") == "base");
    system.merge();
    CHECK(now("usr/share") == usr);
    CHECK(now("opt/tool") == opt);
    CHECK(system.differences().empty());
  }
}

TEST_CASE("an extension of what was written fits this system and no other one")
{
  System system(Mutability::ephemeral);
  system.root.write("usr/new", "new");
  system.root.write("usr/lib/extension-release.d/extension-release.other", "ID=other\n");
  CHECK_FALSE(system.capture("mine").masks_directories);
  const base::Dir tree = system.host.root.dir("var/lib/extensions/mine");
  CHECK(tree.text("usr/lib/extension-release.d/extension-release.mine") ==
        "ID=\"test\"\nVERSION_ID=\"1\"\n");
  CHECK(tree.dir("usr/lib/extension-release.d").entries().size() == 1);
  CHECK(tree.status(".")->st_mode == (S_IFDIR | 0755U));
  const auto release = overlay::read_release(tree, Class::sysext, "mine");
  overlay::Target target = overlay::read_target(system.host);
  CHECK(overlay::fits(release, target, Class::sysext).fits);
  target.os_release["VERSION_ID"] = "2";
  CHECK_FALSE(overlay::fits(release, target, Class::sysext).fits);
}

TEST_CASE("nothing is captured under a bad or taken name, out of nothing, or with an os-release")
{
  System system(Mutability::ephemeral);
  CHECK(system.refusal("new") == Kind::not_found);
  system.root.write("usr/new", "new");
  for (const char *name : {"", ".", "..", "a/b", ".#a", ".a", "a.raw", "a.v", "a.sysext", "a\n"})
    CHECK_MESSAGE(system.refusal(name) == Kind::usage, name);
  CHECK(system.refusal("first") == Kind::busy);
  system.root.write("etc/extensions/masked/", "");
  CHECK(system.refusal("masked") == Kind::busy);
  system.root.write("run/extensions/image.raw", "");
  CHECK(system.refusal("image") == Kind::busy);
  system.root.write("usr/lib/os-release", "ID=mine\n");
  CHECK(system.refusal("new") == Kind::config);
  CHECK(system.refused.find("/usr/lib/os-release was written") != std::string::npos);
  CHECK(system.host.root.dir("var/lib/extensions").entries().size() == 1);
}

namespace {

/// One capture in which one call fails. False if it never came to that call.
bool is_survived(System &system, const support::Fault &fault)
{
  support::FaultSys faulty(system.root.dir(), fault);
  const base::Host host{.sys = faulty,
                        .programs = system.programs,
                        .fetcher = system.fetcher,
                        .clock = system.clock,
                        .log = system.host.log,
                        .environment = {},
                        .root = system.host.root.again(),
                        .machine = system.host.machine.again(),
                        .is_running_system = false};
  try {
    Request request = system.request();
    request.configuration.hierarchies = {"/usr"};
    overlay::capture(host, request, "mine");
  } catch (const base::Error &) {
    CHECK(faulty.failed());
  }
  if (!faulty.failed())
    return false;
  CAPTURE(*faulty.failed());
  if (system.host.root.status("var/lib/extensions/mine")) {
    CHECK(system.text("var/lib/extensions/mine/usr/share/changes") == "changed");
    system.remove("var/lib/extensions/mine");
  }
  system.capture("mine");
  CHECK(system.host.root.dir("var/lib/extensions").entries().size() == 2);
  system.remove("var/lib/extensions/mine");
  return true;
}

} // namespace

TEST_CASE("whatever call of a capture fails, there is no extension or the whole one")
{
  System system(Mutability::ephemeral);
  system.write();
  for (const support::FaultTime when : {support::FaultTime::before, support::FaultTime::after}) {
    std::size_t call = 0;
    while (is_survived(system, {call, EIO, when}))
      ++call;
    CHECK(call > 30);
    system.remove("var/lib/extensions/mine");
  }
}

TEST_SUITE_END();
