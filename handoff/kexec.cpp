// SPDX-License-Identifier: Apache-2.0
#include "handoff/kexec.hpp"

#include "base/efi_variable.hpp"
#include "base/error.hpp"
#include "handoff/boot_image.hpp"
#include "handoff/transition.hpp"
#include "updater/anchor.hpp"

#include <algorithm>
#include <array>

namespace handoff {

namespace {

using base::Fd;
using base::Kind;

/// What only firmware or a boot stub knows what to do with: device trees and firmware for the
/// machine's board, one of several profiles, and what secrets in a TPM are bound to (UAPI.5).
constexpr std::array for_firmware = {
    ".dtb", ".dtbauto", ".hwids", ".efifw", ".profile", ".pcrsig", ".pcrpkey"};

/// In the order in which they are unpacked: microcode has to come first.
constexpr std::array initrd_sections = {".ucode", ".initrd"};

bool has_text(const base::Host &host, std::string_view path, char wanted)
{
  return host.machine.text(path).value_or("").starts_with(wanted);
}

/// The first file in this directory of a boot partition, as its path there; empty if there is none.
std::string any_file(const base::Dir &partition, const std::string &path)
{
  const auto directory = partition.find_dir(path);
  if (!directory)
    return {};
  for (const base::DirEntry &each : directory->entries())
    if (!each.name.starts_with('.'))
      return path + "/" + each.name;
  return {};
}

/// systemd-stub(7) hands over credentials, extensions and more of the command line from these.
std::string find_companion(const base::Host &host, const MenuEntry &entry)
{
  const base::Dir partition = updater::find_place(host, entry.partition, "/", {}).dir.value();
  const std::string beside = entry.folder + "/";
  for (const std::string &path : {beside + entry.entry.name.id + ".extra.d",
                                  beside + base::split_path(entry.file).name + ".extra.d",
                                  std::string("loader/addons"),
                                  std::string("loader/credentials"),
                                  std::string("loader/extensions")})
    if (std::string found = any_file(partition, path); !found.empty())
      return found;
  return {};
}

Fd in_memory(const base::Host &host, const BootImage &boot, const base::ByteRange &section)
{
  Fd copy = host.sys.create_in_memory("strake-kernel");
  host.sys.copy(boot.file, section, copy, 0);
  return copy;
}

/// One after the other, each from a multiple of four bytes on, as the kernel wants archives.
std::optional<Fd> initrd_of(const base::Host &host, const BootImage &boot)
{
  constexpr std::uint64_t step = 4;
  std::optional<Fd> whole;
  std::uint64_t end = 0;
  for (const char *name : initrd_sections) {
    const auto section = boot.image.sections.find(name);
    if (section == boot.image.sections.end() || section->second.length == 0)
      continue;
    if (!whole)
      whole = host.sys.create_in_memory("strake-initrd");
    host.sys.copy(boot.file, section->second, *whole, end);
    end = (end + section->second.length + step - 1) / step * step;
    host.sys.resize(*whole, end);
  }
  return whole;
}

} // namespace

std::string kexec_obstacle(const KexecFacts &facts)
{
  if (!facts.has_service_manager)
    return "systemd does not run here";
  if (!facts.is_supported)
    return "the kernel that runs cannot do that";
  if (facts.is_forbidden)
    return "kernel.kexec_load_disabled forbids it";
  if (facts.has_secure_boot)
    return "Secure Boot is on, and firmware alone checks all of a boot entry";
  if (facts.sections.empty())
    return "its boot entry is no unified kernel image";
  if (!facts.sections.contains(".cmdline"))
    return "its boot entry has no command line";
  for (const char *section : for_firmware)
    if (facts.sections.contains(section))
      return fmt::format("its boot entry has {}, which is for firmware and boot stub", section);
  if (!facts.companion.empty())
    return fmt::format("its boot stub would hand over {}", facts.companion);
  if (!facts.running_options && facts.next_options != facts.booted_options)
    return "the boot entry of what runs is not there any more, so that it cannot be known what a "
           "boot adds to the command line";
  if (facts.running_options && *facts.running_options != facts.booted_options)
    return fmt::format("the boot of what runs made its command line \"{}\" of \"{}\"",
                       facts.booted_options,
                       *facts.running_options);
  return {};
}

KexecFacts read_kexec_facts(const base::Host &host, const MenuEntry &next, const MenuEntry *running)
{
  KexecFacts facts{
      .has_service_manager = host.machine.find_dir("/run/systemd/system").has_value(),
      .is_supported = host.machine.status("/sys/kernel/kexec_loaded").has_value(),
      .is_forbidden = has_text(host, "/proc/sys/kernel/kexec_load_disabled", '1'),
      .has_secure_boot = base::has_secure_boot(host.machine),
      .booted_options = without_root_hashes(host.machine.text("/proc/cmdline").value_or("")),
      .next_options = without_root_hashes(next.entry.options),
  };
  if (const auto boot = open_boot_image(host, next)) {
    for (const auto &[name, range] : boot->image.sections)
      facts.sections.insert(name);
    facts.companion = find_companion(host, next);
  }
  if (running != nullptr)
    facts.running_options = without_root_hashes(running->entry.options);
  return facts;
}

void load_kernel_of(const base::Host &host, const MenuEntry &entry)
{
  const auto boot = open_boot_image(host, entry);
  if (!boot || !boot->image.has_kernel)
    base::fail(Kind::not_found, "{} is no unified kernel image any more", entry.file);
  const Fd kernel = in_memory(host, *boot, boot->image.sections.at(".linux"));
  host.sys.load_kernel(kernel, initrd_of(host, *boot), boot->image.texts.at(".cmdline"));
}

} // namespace handoff
