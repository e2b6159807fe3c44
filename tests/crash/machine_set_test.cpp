// SPDX-License-Identifier: Apache-2.0
// The power is cut, and a call fails, at every moment of an update that brings a system and its
// extension as one: what runs stays bootable with what it has, the new system is bootable only with
// all that goes with it, and the next run ends it. Booted, each finds its own extension.
#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "handoff/bless.hpp"
#include "handoff/follow.hpp"
#include "handoff/machine_update.hpp"
#include "handoff/unified_image_bytes.hpp"
#include "support/call_faults.hpp"
#include "support/test_host.hpp"
#include "updater/rollback.hpp"
#include "updater/system_set.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <set>

TEST_SUITE_BEGIN("crash/machine_set");

using base::Dir;
using base::Sys;
using support::Finished;
using support::TempRoot;

namespace {

std::string release(const std::string &version)
{
  return "ID=x\nVERSION_ID=" + version + "\nIMAGE_VERSION=" + version + "\n";
}

/// A system is a file, and a unified kernel image that says which; the extension is a directory
/// that fits that version alone.
void put_system(const TempRoot &root,
                const std::string &version,
                const std::string &images,
                const std::string &entry,
                const std::string &extensions)
{
  root.write(images + "/root_" + version + ".raw", "root " + version);
  root.write(entry,
             handoff_test::unified_image({{".osrel", release(version)}, {".linux", "a kernel"}}));
  root.write(extensions + "/tool_" + version +
                 "/usr/lib/extension-release.d/extension-release.tool",
             "ID=x\nVERSION_ID=" + version + "\n");
  root.write(extensions + "/tool_" + version + "/usr/share/tool", version);
}

std::string transfer(const std::string &type, const std::string &pattern, const std::string &target)
{
  return "[Transfer]\nVerify=no\n[Source]\nType=" + type +
         "\nPath=/source\nMatchPattern=" + pattern + "\n[Target]\nType=" + type +
         "\nInstancesMax=2\n" + target;
}

/// The system 1 runs, and 2 is on offer.
void prepare(const TempRoot &root)
{
  root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  root.write("usr/lib/os-release", release("1"));
  root.write(
      "etc/sysupdate.d/10-root.transfer",
      transfer("regular-file", "root_@v.raw", "Path=/var/lib/images\nMatchPattern=root_@v.raw\n"));
  root.write("etc/sysupdate.d/20-boot.transfer",
             transfer("regular-file",
                      "os_@v.efi",
                      "Path=/EFI/Linux\nPathRelativeTo=boot\n"
                      "MatchPattern=os_@v+@l-@d.efi os_@v.efi\nTriesLeft=3\nTriesDone=0\n"));
  root.write("etc/sysupdate.tool.d/tool.transfer",
             transfer("directory",
                      "tool_@v",
                      "Path=/var/lib/extensions.d\nMatchPattern=tool_@v\n"
                      "CurrentSymlink=/var/lib/extensions/tool\n"));
  put_system(root, "1", "var/lib/images", "efi/EFI/Linux/os_1.efi", "var/lib/extensions.d");
  root.write("var/lib/extensions/tool", "-> ../extensions.d/tool_1");
  put_system(root, "2", "source", "source/os_2.efi", "source");
}

using Verb = std::function<void(const base::Host &)>;

void run(Sys &sys, const Dir &root, const Verb &verb)
{
  support::with_host(sys, root, [&](base::Host &host) {
    host.environment = {{"SYSTEMD_ESP_PATH", "/efi"}, {"SYSTEMD_RELAX_ESP_CHECKS", "1"}};
    host.machine = Dir::open_root("/");
    verb(host);
  });
}

void update(const base::Host &host)
{
  (void)handoff::update_machine(host, {});
}

void follow(const base::Host &host)
{
  (void)handoff::follow_system(host);
}

/// What the boot loader may take: names of what has content.
std::set<std::string> bootable(const Dir &root)
{
  std::set<std::string> names;
  const Dir entries = root.dir("efi/EFI/Linux");
  for (const base::DirEntry &entry : entries.entries())
    if (entry.name.ends_with(".efi") && !entry.name.starts_with('.') &&
        entries.target_status(entry.name)->st_size > 0)
      names.insert(entry.name);
  return names;
}

bool has_system(const Dir &root, const std::string &version)
{
  const std::string tool = "var/lib/extensions.d/tool_" + version;
  return root.text("var/lib/images/root_" + version + ".raw") == "root " + version &&
         root.text(tool + "/usr/share/tool") == version &&
         root.text(tool + "/usr/lib/extension-release.d/extension-release.tool").has_value();
}

std::string link_of(const Dir &root)
{
  return root.link_target("var/lib/extensions/tool").value_or("none");
}

/// As if this system had been started.
std::string boots(const Dir &root, const std::string &version)
{
  base::LinuxSys sys;
  base::replace_file(sys, root.dir("usr/lib"), "os-release", release(version));
  run(sys, root, follow);
  return link_of(root) == "../extensions.d/tool_" + version
             ? ""
             : version + " is booted with " + link_of(root);
}

std::string judge_update(const Dir &root, Finished finished)
{
  base::LinuxSys sys;
  const std::set<std::string> entries = bootable(root);
  if (!entries.contains("os_1.efi") || !has_system(root, "1"))
    return "what runs cannot be booted any more";
  if (link_of(root) != "../extensions.d/tool_1")
    return "what runs has " + link_of(root);
  const bool is_there = entries.contains("os_2+3-0.efi");
  if (is_there && !has_system(root, "2"))
    return "the new system is bootable, and not whole";
  if (finished == Finished::yes && !is_there)
    return "it was said to be done";
  if (is_there)
    if (std::string wrong = boots(root, "2"); !wrong.empty())
      return wrong;
  if (std::string wrong = boots(root, "1"); !wrong.empty())
    return wrong;
  run(sys, root, update);
  if (!bootable(root).contains("os_2+3-0.efi") || !has_system(root, "2"))
    return "the next run does not end it";
  if (std::string wrong = boots(root, "2"); !wrong.empty())
    return wrong;
  return boots(root, "1");
}

/// The system 2 was updated to, booted and found good; `rollback 1` is on its way.
void prepare_rollback(const TempRoot &root)
{
  prepare(root);
  base::LinuxSys sys;
  run(sys, root.dir(), update);
  REQUIRE(boots(root.dir(), "2").empty());
  run(sys, root.dir(), [](const base::Host &host) {
    (void)handoff::bless(host, "", "", handoff::Blessing::blessed);
  });
  REQUIRE(bootable(root.dir()) == std::set<std::string>{"os_1.efi", "os_2.efi"});
}

void roll_back(const base::Host &host)
{
  (void)updater::rollback(host, {}, "1");
}

std::string judge_rollback(const Dir &root, Finished finished)
{
  base::LinuxSys sys;
  const std::set<std::string> entries = bootable(root);
  if (!entries.contains("os_1.efi") || !has_system(root, "1"))
    return "what it goes back to cannot be booted";
  if (!has_system(root, "2"))
    return "bytes of what it comes from are gone";
  if (finished == Finished::yes && entries.contains("os_2.efi"))
    return "it was said to be done";
  run(sys, root, roll_back);
  if (bootable(root) != std::set<std::string>{"os_1.efi"})
    return "the next call does not end it";
  return boots(root, "1");
}

void check(const support::SweepResult &result, std::size_t at_least)
{
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= at_least);
}

} // namespace

TEST_CASE("an update of the whole machine can be cut at any moment")
{
  const TempRoot root(support::Storage::memory, {});
  prepare(root);
  support::Recorder sys(root.dir());
  run(sys, root.dir(), update);
  check(support::sweep(sys.recording(), judge_update, {.exhaustive = 64, .random = 32}), 200);
}

TEST_CASE("a rollback of the whole machine can be cut at any moment")
{
  const TempRoot root(support::Storage::memory, {});
  prepare_rollback(root);
  support::Recorder sys(root.dir());
  run(sys, root.dir(), roll_back);
  check(support::sweep(sys.recording(), judge_rollback, {.exhaustive = 64, .random = 32}), 20);
}

TEST_CASE("a call that fails in an update of the whole machine does no harm")
{
  support::fail_each_call(prepare,
                          [](Sys &sys, const Dir &root) { run(sys, root, update); },
                          judge_update,
                          {support::FaultTime::before, support::FaultTime::after});
}
