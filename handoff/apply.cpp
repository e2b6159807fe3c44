// SPDX-License-Identifier: Apache-2.0
#include "handoff/apply.hpp"

#include "base/error.hpp"
#include "handoff/service_manager.hpp"
#include "overlay/hierarchy.hpp"
#include "updater/anchor.hpp"
#include "updater/history.hpp"
#include "verity/mapped_device.hpp"

#include <sys/utsname.h>

#include <algorithm>

namespace handoff {

namespace {

using base::Kind;

constexpr unsigned first_with_soft_reboot = 254;

std::string running_kernel()
{
  struct utsname names = {};
  ::uname(&names);
  return static_cast<const char *>(names.release);
}

std::optional<KernelFile> kernel_file_of(const base::Host &host, const MenuEntry *entry)
{
  if (entry == nullptr || entry->entry.type != BootEntryType::unified)
    return std::nullopt;
  auto file = updater::find_place(host, entry->partition, entry->folder, {})
                  .dir->find_file(base::split_path(entry->file).name);
  if (!file)
    return std::nullopt;
  const UnifiedImageReading reading = read_unified_image(*file);
  if (!reading.image)
    return std::nullopt;
  return KernelFile{std::move(*file), kernel_side_of(*reading.image)};
}

/// Of another version no byte needs to be read.
void compare_kernels(const base::Host &host,
                     const MenuEntry &next,
                     const MenuEntry *running,
                     TransitionFacts &facts)
{
  const auto there = kernel_file_of(host, &next);
  const auto here = kernel_file_of(host, running);
  if (there)
    facts.next = there->side;
  if (here)
    facts.running = here->side;
  if (here && there && there->side.release == facts.kernel)
    facts.differing_part = differing_part(*here, *there);
}

bool is_of_its_own(const base::Host &host, const std::string &path)
{
  const auto there = host.root.status(path);
  const auto root = host.root.status(".");
  return there && root && there->st_dev != root->st_dev;
}

/// What an initrd mounts on /etc, so that what is written there stays, it mounts only at a boot.
bool has_etc_of_the_initrd(const base::Host &host)
{
  return has_mounted_etc(overlay::read_mount_table(host)) && !has_unit_file(host, "etc.mount");
}

/// What stands in the way of any soft-reboot to this entry; empty if nothing does.
std::string obstacle_for(const base::Host &host, const MenuEntry &entry)
{
  const auto has_root = [](const BootSlot &slot) {
    return slot.option == "roothash" && slot.number != 0 && slot.fault.empty();
  };
  const unsigned version = service_manager_version(host);
  if (version < first_with_soft_reboot)
    return version == 0 ? "systemd does not run here"
                        : fmt::format("systemd {} cannot soft-reboot, 254 and later can", version);
  if (std::none_of(entry.slots.begin(), entry.slots.end(), has_root))
    return "its command line has no roothash= of a partition of this machine";
  if (!verity::has_device_mapper(host))
    return "there is no device-mapper to check its root by";
  if (!is_of_its_own(host, "var"))
    return "/var is a part of the system that goes";
  if (has_etc_of_the_initrd(host))
    return "something is mounted on /etc that no unit would mount again, as by an initrd";
  return {};
}

const MenuEntry *running_entry(const std::vector<MenuEntry> &menu)
{
  const auto found =
      std::find_if(menu.begin(), menu.end(), [](const MenuEntry &each) { return each.is_running; });
  return found == menu.end() ? nullptr : &*found;
}

/// Nothing if no entry can boot.
std::optional<Outlook> outlook_of(const base::Host &host, std::vector<MenuEntry> menu)
{
  Outlook outlook{.menu = std::move(menu), .next = {}, .decision = {}, .survivors = {}};
  const auto next = std::find_if(
      outlook.menu.begin(), outlook.menu.end(), [](const MenuEntry &each) { return each.is_next; });
  if (next == outlook.menu.end())
    return std::nullopt;
  outlook.next = static_cast<std::size_t>(next - outlook.menu.begin());
  TransitionFacts facts{.is_running = next->is_running, .kernel = running_kernel()};
  if (!facts.is_running) {
    compare_kernels(host, *next, running_entry(outlook.menu), facts);
    facts.obstacle = obstacle_for(host, *next);
  }
  outlook.decision = decide_transition(facts);
  if (outlook.decision.transition == Transition::soft_reboot)
    outlook.survivors = read_survivors(host);
  return outlook;
}

/// Who is at work keeps his lock, and the machine stays up for him.
void note(const base::Host &host,
          const std::string &version,
          const std::string &outcome,
          const std::string &detail)
{
  updater::note(host,
                {.action = "apply", .version = version, .outcome = outcome, .detail = detail});
}

void prepare(const base::Host &host, const Outlook &outlook)
{
  if (outlook.decision.transition != Transition::soft_reboot)
    return;
  refuse_old_roots(outlook.survivors);
  const NextRoot next = prepare_next_root(host, outlook.menu.at(*outlook.next));
  for (const std::string &path : next.left)
    host.say(base::Level::warning, "{} is not carried over, because it is not there", path);
  keep_files(host, outlook.survivors);
  let_go_of_present_root(host);
}

} // namespace

Outlook look_ahead(const base::Host &host)
{
  auto outlook = outlook_of(host, read_boot_menu(host, ""));
  if (!outlook)
    base::fail(Kind::not_found, "no boot entry can boot");
  return std::move(*outlook);
}

std::optional<Outlook> find_outlook(const base::Host &host)
{
  auto menu = find_boot_menu(host);
  return menu ? outlook_of(host, std::move(*menu)) : std::nullopt;
}

void put_into_effect(const base::Host &host, const Outlook &outlook)
{
  if (outlook.decision.transition == Transition::none)
    return;
  const std::string &version = outlook.menu.at(*outlook.next).entry.version;
  note(host, version, "begun", outlook.decision.why);
  try {
    prepare(host, outlook);
    request(host, outlook.decision.transition);
  } catch (const base::Error &error) {
    leave_next_root(host);
    note(host, version, "failed", error.what());
    throw;
  }
}

} // namespace handoff
