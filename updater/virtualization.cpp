// SPDX-License-Identifier: Apache-2.0
#include "updater/virtualization.hpp"

#include <array>
#include <optional>
#include <utility>

namespace updater {

namespace {

using Kind = Virtualization::Kind;

/// How the firmware's vendor strings of virtual machines begin.
constexpr std::array<std::pair<std::string_view, std::string_view>, 17> vendors = {{
    {"KVM", "kvm"},
    {"OpenStack", "kvm"},
    {"KubeVirt", "kvm"},
    {"Amazon EC2", "amazon"},
    {"QEMU", "qemu"},
    {"VMware", "vmware"},
    {"VMW", "vmware"},
    {"innotek GmbH", "oracle"},
    {"VirtualBox", "oracle"},
    {"Xen", "xen"},
    {"Bochs", "bochs"},
    {"Parallels", "parallels"},
    {"BHYVE", "bhyve"},
    {"Hyper-V", "microsoft"},
    {"Apple Virtualization", "apple"},
    {"Google Compute Engine", "google"},
    {"Microsoft Corporation Virtual Machine", "microsoft"},
}};

std::string text_of(const base::Dir &machine, std::string_view path)
{
  std::string text = machine.text(path).value_or("");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0'))
    text.pop_back();
  return text;
}

std::optional<Virtualization> detect_container(const base::Dir &machine)
{
  // systemd-nspawn and its like announce themselves to PID 1, which writes the name down.
  if (const std::string id = text_of(machine, "run/systemd/container"); !id.empty())
    return Virtualization{Kind::container, id};
  if (machine.status("run/.containerenv"))
    return Virtualization{Kind::container, "podman"};
  if (machine.status(".dockerenv"))
    return Virtualization{Kind::container, "docker"};
  if (text_of(machine, "proc/sys/kernel/osrelease").find("Microsoft") != std::string::npos)
    return Virtualization{Kind::container, "wsl"};
  return std::nullopt;
}

std::optional<Virtualization> detect_by_firmware(const base::Dir &machine)
{
  for (const char *field : {"product_name", "sys_vendor", "board_vendor", "bios_vendor"}) {
    const std::string text = text_of(machine, std::string("sys/class/dmi/id/") + field);
    for (const auto &[beginning, id] : vendors)
      if (text.starts_with(beginning))
        return Virtualization{Kind::vm, std::string(id)};
  }
  return std::nullopt;
}

bool offers_kvm_clock(const base::Dir &machine)
{
  return text_of(machine, "sys/devices/system/clocksource/clocksource0/available_clocksource")
             .find("kvm-clock") != std::string::npos;
}

} // namespace

Virtualization detect_virtualization(const base::Dir &machine)
{
  if (auto container = detect_container(machine))
    return *container;
  if (text_of(machine, "sys/hypervisor/type") == "xen")
    return {Kind::vm, "xen"};
  auto found = detect_by_firmware(machine);
  // QEMU names itself in the firmware whether the kernel beneath it helps or not.
  if (offers_kvm_clock(machine) && (!found || found->id == "qemu"))
    return {Kind::vm, "kvm"};
  if (found)
    return *found;
  const std::string tree = text_of(machine, "proc/device-tree/hypervisor/compatible");
  if (tree == "linux,kvm")
    return {Kind::vm, "kvm"};
  if (!tree.empty())
    return {Kind::vm, tree.find("xen") != std::string::npos ? "xen" : "vm-other"};
  if (text_of(machine, "proc/cpuinfo").find(" hypervisor") != std::string::npos)
    return {Kind::vm, "vm-other"};
  return {};
}

bool has_private_users(const base::Dir &machine)
{
  // The first namespace maps all ids to themselves: "0 0 4294967295".
  const std::string map = text_of(machine, "proc/self/uid_map");
  constexpr std::string_view blanks = " \t";
  std::string fields;
  for (const char letter : map)
    if (blanks.find(letter) == std::string_view::npos)
      fields += letter;
    else if (!fields.empty() && fields.back() != ' ')
      fields += ' ';
  return !map.empty() && fields != "0 0 4294967295";
}

} // namespace updater
