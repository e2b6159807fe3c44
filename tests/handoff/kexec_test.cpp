// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/kexec.hpp"
#include "support/test_host.hpp"
#include "unified_image_bytes.hpp"

#include <doctest/doctest.h>

#include <filesystem>

TEST_SUITE_BEGIN("handoff/kexec");

using handoff::KexecFacts;
using handoff::MenuEntry;
using Sections = std::vector<handoff_test::Section>;

namespace {

KexecFacts facts()
{
  return {.has_service_manager = true,
          .is_supported = true,
          .sections = {".linux", ".initrd", ".cmdline", ".osrel"},
          .booted_options = "quiet",
          .running_options = "quiet",
          .next_options = "debug"};
}

std::string whole_text(const base::Fd &file)
{
  std::string text(static_cast<std::size_t>(base::size_of(file)), '\0');
  (void)base::read_at(file, 0, std::as_writable_bytes(std::span(text)));
  return text;
}

/// A kernel that takes any other, or none at all.
class LoadingSys final : public base::LinuxSys {
public:
  void load_kernel(const base::Fd &image,
                   const std::optional<base::Fd> &initrd,
                   const std::string &options) override
  {
    loaded = whole_text(image) + "|" + (initrd ? whole_text(*initrd) : "none") + "|" + options;
  }

  std::string loaded;
};

/// A machine with an ESP on /efi, and one entry that is next.
struct Machine {
  Machine()
  {
    root.write("run/systemd/system/", "");
    root.write("sys/kernel/kexec_loaded", "0\n");
    root.write("proc/cmdline", "quiet roothash=aa\n");
    running.entry.options = "quiet roothash=aa";
    next.entry.type = handoff::BootEntryType::unified;
    next.entry.name.id = "os_2.efi";
    next.folder = "EFI/Linux";
    next.file = "/efi/EFI/Linux/os_2+3-0.efi";
    image({{".linux", "kernel"}, {".initrd", "initrd"}, {".cmdline", "debug roothash=bb"}});
  }

  void image(const Sections &sections)
  {
    root.write("efi/EFI/Linux/os_2+3-0.efi", handoff_test::unified_image(sections));
  }

  void remove(const std::string &path) const
  {
    std::filesystem::remove_all(root.path() + "/" + path);
  }

  std::string obstacle()
  {
    return handoff::kexec_obstacle(handoff::read_kexec_facts(outside.host, next, &running));
  }

  std::string loaded()
  {
    handoff::load_kernel_of(loading, next);
    return sys.loaded;
  }

  support::TestHost outside;
  support::TempRoot &root = outside.root;
  LoadingSys sys;
  base::Host loading{.sys = sys,
                     .programs = outside.programs,
                     .fetcher = outside.fetcher,
                     .clock = outside.clock,
                     .log = outside.host.log,
                     .environment = {},
                     .root = outside.host.root.again(),
                     .machine = outside.host.machine.again(),
                     .is_running_system = true};
  MenuEntry next;
  MenuEntry running;
};

} // namespace

TEST_CASE("each thing that only firmware, boot loader or boot stub do keeps from a kexec")
{
  CHECK(handoff::kexec_obstacle(facts()).empty());
  const auto refusal = [](auto change) {
    KexecFacts changed = facts();
    change(changed);
    return handoff::kexec_obstacle(changed);
  };
  CHECK(refusal([](KexecFacts &f) { f.has_service_manager = false; }) ==
        "systemd does not run here");
  CHECK(refusal([](KexecFacts &f) { f.is_supported = false; }) ==
        "the kernel that runs cannot do that");
  CHECK(refusal([](KexecFacts &f) { f.is_forbidden = true; }) ==
        "kernel.kexec_load_disabled forbids it");
  CHECK(refusal([](KexecFacts &f) { f.has_secure_boot = true; }) ==
        "Secure Boot is on, and firmware alone checks all of a boot entry");
  CHECK(refusal([](KexecFacts &f) { f.sections.clear(); }) ==
        "its boot entry is no unified kernel image");
  CHECK(refusal([](KexecFacts &f) { f.sections.erase(".cmdline"); }) ==
        "its boot entry has no command line");
  for (const std::string section :
       {".dtb", ".dtbauto", ".hwids", ".efifw", ".profile", ".pcrsig", ".pcrpkey"})
    CHECK(refusal([&](KexecFacts &f) { f.sections.insert(section); }) ==
          "its boot entry has " + section + ", which is for firmware and boot stub");
  CHECK(refusal([](KexecFacts &f) { f.companion = "loader/addons/a.efi"; }) ==
        "its boot stub would hand over loader/addons/a.efi");
  CHECK(refusal([](KexecFacts &f) { f.running_options.reset(); }) ==
        "the boot entry of what runs is not there any more, so that it cannot be known what a "
        "boot adds to the command line");
  CHECK(refusal([](KexecFacts &f) {
          f.running_options.reset();
          f.next_options = "quiet";
        }).empty());
  CHECK(refusal([](KexecFacts &f) { f.booted_options = "quiet extra"; }) ==
        "the boot of what runs made its command line \"quiet extra\" of \"quiet\"");
}

TEST_CASE("what keeps from a kexec is seen on the machine")
{
  Machine machine;
  CHECK(machine.obstacle().empty());
  SUBCASE("no systemd")
  {
    machine.remove("run/systemd/system");
    CHECK(machine.obstacle() == "systemd does not run here");
  }
  SUBCASE("a kernel without it")
  {
    machine.remove("sys/kernel/kexec_loaded");
    CHECK(machine.obstacle() == "the kernel that runs cannot do that");
  }
  SUBCASE("a kernel that was told not to")
  {
    machine.root.write("proc/sys/kernel/kexec_load_disabled", "0\n");
    CHECK(machine.obstacle().empty());
    machine.root.write("proc/sys/kernel/kexec_load_disabled", "1\n");
    CHECK(machine.obstacle() == "kernel.kexec_load_disabled forbids it");
  }
  SUBCASE("Secure Boot")
  {
    const std::string variable =
        "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    machine.root.write(variable, std::string("\x06\0\0\0\0", 5));
    CHECK(machine.obstacle().empty());
    machine.root.write(variable, std::string("\x06\0\0\0\x01", 5));
    CHECK(machine.obstacle().starts_with("Secure Boot is on"));
  }
  SUBCASE("what lies beside it, by either of its names, or is for all entries")
  {
    for (const std::string file : {"EFI/Linux/os_2.efi.extra.d/a.cred",
                                   "EFI/Linux/os_2+3-0.efi.extra.d/a.addon.efi",
                                   "loader/addons/a.addon.efi",
                                   "loader/credentials/a.cred",
                                   "loader/extensions/a.raw"}) {
      machine.root.write("efi/" + file, "x");
      CHECK(machine.obstacle() == "its boot stub would hand over " + file);
      machine.remove("efi/" + file);
    }
    machine.root.write("efi/EFI/Linux/os_1.efi.extra.d/a.cred", "x");
    CHECK(machine.obstacle().empty());
  }
  SUBCASE("another command line than that of the entry")
  {
    machine.root.write("proc/cmdline", "quiet rescue roothash=aa\n");
    CHECK(machine.obstacle() ==
          "the boot of what runs made its command line \"quiet rescue\" of \"quiet\"");
  }
  SUBCASE("an entry that is no image")
  {
    machine.root.write("efi/EFI/Linux/os_2+3-0.efi", "text");
    CHECK(machine.obstacle() == "its boot entry is no unified kernel image");
  }
}

TEST_CASE("kernel, initrd and command line are those of the image, microcode first")
{
  Machine machine;
  CHECK(machine.loaded() == "kernel|initrd" + std::string(2, '\0') + "|debug roothash=bb");
  machine.image({{".initrd", "initrd"}, {".linux", "other"}, {".ucode", "m"}, {".cmdline", "a"}});
  CHECK(machine.loaded() ==
        "other|m" + std::string(3, '\0') + "initrd" + std::string(2, '\0') + "|a");
  machine.image({{".linux", "kernel"}, {".cmdline", "a"}});
  CHECK(machine.loaded() == "kernel|none|a");
}

TEST_CASE("an entry that went meanwhile loads nothing")
{
  Machine machine;
  machine.remove("efi/EFI/Linux/os_2+3-0.efi");
  CHECK_THROWS_WITH_AS(machine.loaded(),
                       "/efi/EFI/Linux/os_2+3-0.efi is no unified kernel image any more",
                       base::Error);
  CHECK(machine.sys.loaded.empty());
}
