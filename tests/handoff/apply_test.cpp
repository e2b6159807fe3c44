// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/apply.hpp"
#include "handoff/boot_once.hpp"
#include "support/test_host.hpp"
#include "unified_image_bytes.hpp"
#include "updater/handed_over.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/apply");

using handoff::Transition;

namespace {

/// Agrees to all, and keeps what it was asked last.
class Systemctl final : public base::Runner {
public:
  bool exists(const std::string &) override { return true; }

  base::Finished run(const base::Command &command) override
  {
    asked = command.argv.back();
    return {status, "", "Access denied"};
  }

  void start(const base::Command & /*command*/) override { FAIL("nothing is started here"); }

  std::string asked;
  int status = 0;
};

/// A kernel that takes others, or does not.
class LoadingSys final : public base::LinuxSys {
public:
  void load_kernel(const base::Fd & /*image*/,
                   const std::optional<base::Fd> & /*initrd*/,
                   const std::string &options) override
  {
    if (refuses)
      base::fail_os(EPERM, "no other kernel");
    loaded = options;
  }

  void unload_kernel() override { loaded.clear(); }

  bool refuses = false;
  std::string loaded;
};

/// A machine whose next entry is to be booted once, and is another kernel.
struct Machine {
  Machine()
  {
    root.write("efi/EFI/Linux/os_2.efi",
               handoff_test::unified_image({{".linux", "kernel"}, {".cmdline", "two"}}));
    root.write("sys/firmware/efi/efivars/", "");
    handoff::boot_once(host, "os_2.efi");
    handoff::MenuEntry next;
    next.entry.type = handoff::BootEntryType::unified;
    next.entry.version = "2";
    next.folder = "EFI/Linux";
    next.file = "/efi/EFI/Linux/os_2.efi";
    outlook.menu.push_back(std::move(next));
    outlook.next = 0;
  }

  [[nodiscard]] bool is_for_once() const
  {
    return root.exists("sys/firmware/efi/efivars/"
                       "LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f");
  }

  void brings_into_effect(Transition transition)
  {
    outlook.decision = {transition, "it has another kernel"};
    handoff::put_into_effect(host, outlook);
  }

  support::TestHost outside;
  support::TempRoot &root = outside.root;
  Systemctl systemctl;
  LoadingSys sys;
  base::Host host{.sys = sys,
                  .programs = systemctl,
                  .fetcher = outside.fetcher,
                  .clock = outside.clock,
                  .log = outside.host.log,
                  .environment = {},
                  .root = outside.host.root.again(),
                  .machine = outside.host.machine.again(),
                  .is_running_system = true};
  handoff::Outlook outlook;
};

} // namespace

TEST_CASE("for a kexec the next kernel is loaded, and the word for one boot has been followed")
{
  Machine machine;
  machine.brings_into_effect(Transition::kexec);
  CHECK(machine.sys.loaded == "two");
  CHECK(machine.systemctl.asked == "kexec");
  CHECK_FALSE(machine.is_for_once());
  CHECK(updater::handed_over(machine.host) == "2"); // no boot loader counts it
}

TEST_CASE("a kernel that cannot be loaded takes a reboot, whose boot loader follows that word")
{
  Machine machine;
  machine.sys.refuses = true;
  machine.brings_into_effect(Transition::kexec);
  CHECK(machine.systemctl.asked == "reboot");
  CHECK(machine.is_for_once());
  REQUIRE(machine.outside.said.size() == 1);
  CHECK(machine.outside.said.front().find("a reboot instead of a kexec: no other kernel") !=
        std::string::npos);
}

TEST_CASE("what the service manager refuses leaves no kernel loaded")
{
  Machine machine;
  machine.systemctl.status = 1;
  CHECK_THROWS_WITH_AS(machine.brings_into_effect(Transition::kexec),
                       "systemctl kexec failed: Access denied",
                       base::Error);
  CHECK(machine.sys.loaded.empty());
}

TEST_CASE("a reboot loads nothing, and leaves that word to the boot loader")
{
  Machine machine;
  machine.brings_into_effect(Transition::reboot);
  CHECK(machine.sys.loaded.empty());
  CHECK(updater::handed_over(machine.host).empty());
  CHECK(machine.systemctl.asked == "reboot");
  CHECK(machine.is_for_once());
}
