// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/boot_menu.hpp"
#include "handoff/slot_disk_bytes.hpp"
#include "handoff/unified_image_bytes.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <map>

TEST_SUITE_BEGIN("handoff/boot_menu");

using handoff::BootState;
using handoff::LoaderWishes;
using handoff::MenuEntry;
using handoff_test::unified_image;

namespace {

/// A machine with an ESP on /efi.
class Machine {
public:
  Machine() { root().write("efi/EFI/Linux/", ""); }

  support::TempRoot &root() { return host_.root; }

  void image(const std::string &file, const std::string &version, const std::string &options = "")
  {
    root().write("efi/EFI/Linux/" + file,
                 unified_image({{".osrel", "ID=os\nIMAGE_VERSION=" + version + "\n"},
                                {".cmdline", options},
                                {".linux", "kernel"}}));
  }

  void text(const std::string &file, const std::string &text)
  {
    root().write("efi/loader/entries/" + file, text);
  }

  void variable(const std::string &name, const std::string &value)
  {
    std::string content(4, '\0');
    for (const char letter : value + '\0')
      content += {letter, '\0'};
    root().write("sys/firmware/efi/efivars/" + name + "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
                 content);
    host_.host.is_running_system = true;
  }

  std::vector<MenuEntry> menu(const std::string &disk = "")
  {
    return handoff::read_boot_menu(host_.host, disk);
  }

  /// Of the only entry.
  MenuEntry only()
  {
    std::vector<MenuEntry> all = menu();
    REQUIRE(all.size() == 1);
    return all.front();
  }

private:
  support::TestHost host_;
};

using Lines = std::vector<std::string>;

Lines ids(const std::vector<MenuEntry> &menu)
{
  Lines found;
  for (const MenuEntry &each : menu)
    found.push_back(each.entry.name.id + (each.is_next ? " next" : "") +
                    (each.is_running ? " running" : ""));
  return found;
}

} // namespace

TEST_CASE("entries of both types and partitions are one menu")
{
  Machine machine;
  machine.image("os_2.efi", "2");
  machine.text("os_1.conf", "sort-key os\nversion 1\nlinux /vmlinuz\n");
  machine.root().write("efi/vmlinuz", "kernel");
  machine.root().write("boot/EFI/Linux/os_3+3-0.efi",
                       unified_image({{".osrel", "ID=os\nIMAGE_VERSION=3\n"}, {".linux", "x"}}));
  const auto menu = machine.menu();
  CHECK(ids(menu) == Lines{"os_3.efi next", "os_2.efi", "os_1.conf"});
  CHECK(menu[0].state == BootState::counted);
  CHECK(menu[1].state == BootState::good);
  CHECK(menu[1].file.ends_with("/efi/EFI/Linux/os_2.efi"));
}

TEST_CASE("an ESP on /boot is read once")
{
  support::TestHost host;
  host.root.write("boot/EFI/Linux/os.efi", unified_image({{".osrel", "ID=os\n"}, {".linux", "x"}}));
  CHECK(handoff::read_boot_menu(host.host, "").size() == 1);
}

TEST_CASE("what loaders do not look at is no entry")
{
  Machine machine;
  for (const std::string file : {".os.efi", "auto-windows.efi", "os.efi.partial", "os.conf"})
    machine.image(file, "1");
  machine.root().write("efi/EFI/Linux/folder.efi/", "");
  CHECK(machine.menu().empty());
}

TEST_CASE("an entry without a try left is given up, and comes last")
{
  Machine machine;
  machine.image("os_2+0-3.efi", "2");
  machine.image("os_1.efi", "1");
  const auto menu = machine.menu();
  CHECK(ids(menu) == Lines{"os_1.efi next", "os_2.efi"});
  CHECK(menu[1].state == BootState::given_up);
}

TEST_CASE("what keeps an entry from booting is said, and whether the loader sees it too")
{
  Machine machine;
  MenuEntry found;
  bool is_shown = false;
  std::string fault;
  SUBCASE("vfat lost the content")
  {
    machine.root().write("efi/EFI/Linux/os.efi", "");
    fault = "it is no program that firmware could start";
  }
  SUBCASE("the text is empty")
  {
    machine.text("os.conf", "");
    fault = "the file has no content";
  }
  SUBCASE("nothing to boot")
  {
    machine.text("os.conf", "title x\n");
    fault = "it names nothing to boot";
  }
  SUBCASE("the kernel is not there")
  {
    machine.text("os.conf", "linux \\os\\vmlinuz\n");
    fault = "\\os\\vmlinuz is not there";
  }
  SUBCASE("the kernel is empty")
  {
    machine.text("os.conf", "linux /vmlinuz\n");
    machine.root().write("efi/vmlinuz", "");
    fault = "/vmlinuz has no content";
    is_shown = true;
  }
  SUBCASE("the initrd is not there")
  {
    machine.text("os.conf", "linux /vmlinuz\ninitrd /initrd\n");
    machine.root().write("efi/vmlinuz", "x");
    fault = "/initrd is not there";
    is_shown = true;
  }
  SUBCASE("an image without os-release")
  {
    machine.root().write("efi/EFI/Linux/os.efi", unified_image({{".linux", "x"}}));
    fault = "it does not say what it is: it has no section .osrel";
  }
  SUBCASE("an image without a kernel")
  {
    machine.root().write("efi/EFI/Linux/os.efi", unified_image({{".osrel", "ID=os"}}));
    fault = "it has no kernel";
    is_shown = true;
  }
  found = machine.only();
  CHECK(found.faults == Lines{fault});
  CHECK(found.state == BootState::damaged);
  CHECK(found.is_shown == is_shown);
  CHECK(found.is_next == is_shown);
}

TEST_CASE("slots are judged by their content")
{
  Machine machine;
  const handoff_test::SlotBytes bytes = handoff_test::slot_disk();
  machine.root().write("disk",
                       {reinterpret_cast<const char *>(bytes.disk.data()), bytes.disk.size()});
  machine.image("os_7.efi", "7", bytes.options());
  machine.image("os_6.efi", "6", "roothash=" + std::string(64, '5'));
  const auto menu = machine.menu("/disk");
  REQUIRE(menu.size() == 2);
  REQUIRE(menu[0].slots.size() == 1);
  CHECK(menu[0].slots[0].label == "os_7");
  CHECK(menu[0].state == BootState::good);
  CHECK(menu[1].state == BootState::damaged);
  CHECK(menu[1].faults == Lines{"roothash=: no partition has the UUID "
                                "55555555-5555-5555-5555-555555555555"});
}

TEST_CASE("the loader's notes say what runs and what is next")
{
  Machine machine;
  for (const std::string version : {"1", "2", "3"})
    machine.image("os_" + version + ".efi", version);
  machine.variable("LoaderEntrySelected", "os_2.efi");
  CHECK(ids(machine.menu()) == Lines{"os_3.efi next", "os_2.efi running", "os_1.efi"});

  machine.root().write("efi/loader/loader.conf", "timeout 3\ndefault os_9*\ndefault OS_2*\n");
  CHECK(ids(machine.menu()) == Lines{"os_3.efi", "os_2.efi next running", "os_1.efi"});

  machine.variable("LoaderEntryDefault", "os_1.efi");
  CHECK(ids(machine.menu()) == Lines{"os_3.efi", "os_2.efi running", "os_1.efi next"});

  machine.variable("LoaderEntryOneShot", "os_3.efi");
  CHECK(ids(machine.menu()) == Lines{"os_3.efi next", "os_2.efi running", "os_1.efi"});
}

TEST_CASE("a loader before systemd 258 knows an entry by its file's name, counters and all")
{
  Machine machine;
  machine.image("os_1.efi", "1");
  machine.image("os_2.efi", "2");
  machine.image("os_3+2-1.efi", "3");
  machine.variable("LoaderEntrySelected", "os_3+3-0.efi");
  CHECK(ids(machine.menu()) == Lines{"os_3.efi next running", "os_2.efi", "os_1.efi"});

  for (const std::string loader : {"systemd-boot 257.7", "systemd-boot 258"}) {
    machine.variable("LoaderInfo", loader);
    const bool is_old = loader.ends_with("257.7");
    CHECK(machine.menu()[0].loader_id == (is_old ? "os_3+2-1.efi" : "os_3.efi"));
    CHECK(machine.menu()[1].loader_id == "os_2.efi");
    machine.variable("LoaderEntryDefault", "os_2.efi");
    machine.variable("LoaderEntryOneShot", "os_3.efi");
    CHECK(machine.menu()[is_old ? 1 : 0].is_next);
    machine.variable("LoaderEntryOneShot", "os_3+2-1.efi");
    CHECK(machine.menu()[is_old ? 0 : 1].is_next);
  }
}

TEST_CASE("the entry that was booted last can be the default")
{
  Machine machine;
  machine.image("os_1.efi", "1");
  machine.image("os_2.efi", "2");
  machine.variable("LoaderEntryLastBooted", "os_1.efi");
  machine.root().write("efi/loader/loader.conf", "default @saved\n");
  CHECK(ids(machine.menu()) == Lines{"os_2.efi", "os_1.efi next"});
}

TEST_CASE("what runs is known by its os-release, also after a soft reboot")
{
  Machine machine;
  machine.image("os_1.efi", "1");
  machine.image("os_2.efi", "2");
  machine.variable("LoaderEntrySelected", "os_1.efi");
  machine.root().write("etc/os-release", "ID=os\nIMAGE_VERSION=2\n");
  const auto menu = machine.menu();
  CHECK(ids(menu) == Lines{"os_2.efi next running", "os_1.efi"});
  CHECK_FALSE(menu[0].is_booted);
  CHECK(menu[1].is_booted);

  machine.root().write("etc/os-release", "ID=another\nIMAGE_VERSION=2\n");
  CHECK(ids(machine.menu()) == Lines{"os_2.efi next", "os_1.efi running"});
}

TEST_CASE("of another root the variables of this machine say nothing")
{
  Machine machine;
  machine.image("os_1.efi", "1");
  machine.image("os_2.efi", "2");
  CHECK(ids(machine.menu()) == Lines{"os_2.efi next", "os_1.efi"});
}

TEST_CASE("without a boot partition there is one clear error")
{
  support::TestHost host;
  CHECK_THROWS_WITH_AS(handoff::read_boot_menu(host.host, ""),
                       doctest::Contains("no EFI system partition is mounted on /efi"),
                       base::Error);
}

TEST_SUITE_END();
