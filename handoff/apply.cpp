// SPDX-License-Identifier: Apache-2.0
#include "handoff/apply.hpp"

#include "base/error.hpp"
#include "handoff/boot_image.hpp"
#include "handoff/boot_once.hpp"
#include "handoff/kexec.hpp"
#include "handoff/service_manager.hpp"
#include "overlay/hierarchy.hpp"
#include "updater/handed_over.hpp"
#include "updater/history.hpp"
#include "updater/state.hpp"
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
  auto boot = entry != nullptr ? open_boot_image(host, *entry) : std::nullopt;
  if (!boot)
    return std::nullopt;
  return KernelFile{std::move(boot->file), kernel_side_of(boot->image)};
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

TransitionFacts
facts_about(const base::Host &host, const MenuEntry &next, const MenuEntry *running, Kexec kexec)
{
  TransitionFacts facts{.is_running = next.is_running, .kernel = running_kernel()};
  if (facts.is_running)
    return facts;
  compare_kernels(host, next, running, facts);
  facts.obstacle = obstacle_for(host, next);
  if (kexec == Kexec::wanted)
    facts.kexec_obstacle = kexec_obstacle(read_kexec_facts(host, next, running));
  return facts;
}

/// Nothing if no entry can boot.
std::optional<Outlook> outlook_of(const base::Host &host, std::vector<MenuEntry> menu, Kexec kexec)
{
  Outlook outlook{.menu = std::move(menu), .next = {}, .decision = {}, .survivors = {}};
  const auto next = std::find_if(
      outlook.menu.begin(), outlook.menu.end(), [](const MenuEntry &each) { return each.is_next; });
  if (next == outlook.menu.end())
    return std::nullopt;
  outlook.next = static_cast<std::size_t>(next - outlook.menu.begin());
  outlook.decision =
      decide_transition(facts_about(host, *next, running_entry(outlook.menu), kexec));
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

void prepare_soft_reboot(const base::Host &host, const Outlook &outlook)
{
  refuse_old_roots(outlook.survivors);
  const NextRoot next = prepare_next_root(host, outlook.menu.at(*outlook.next));
  for (const std::string &path : next.left)
    host.say(base::Level::warning, "{} is not carried over, because it is not there", path);
  keep_files(host, outlook.survivors);
  let_go_of_present_root(host);
}

/// Nobody may be there to ask: where the kernel refuses, a reboot leads to the same.
Transition kexec_or_reboot(const base::Host &host, const MenuEntry &next)
{
  try {
    load_kernel_of(host, next);
    return Transition::kexec;
  } catch (const base::Error &error) {
    host.say(base::Level::warning, "It takes a reboot instead of a kexec: {}", error.what());
    return Transition::reboot;
  }
}

/// What is left to be asked for.
Transition prepare(const base::Host &host, const Outlook &outlook)
{
  const Transition wanted = outlook.decision.transition;
  if (wanted == Transition::soft_reboot)
    prepare_soft_reboot(host, outlook);
  return wanted == Transition::kexec ? kexec_or_reboot(host, outlook.menu.at(*outlook.next))
                                     : wanted;
}

/// Nothing of it is to be gone over to at somebody else's reboot.
void take_back(const base::Host &host, Transition prepared)
{
  leave_next_root(host);
  if (prepared == Transition::kexec)
    host.sys.unload_kernel();
}

/// Until it is found good, what the machine would go back to must be kept as after a counted boot.
void note_trial(const base::Host &host, const std::string &version, Transition transition)
{
  if (transition == Transition::reboot)
    return;
  const base::Dir state = updater::open_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  updater::note_handed_over(host.sys, state, version);
}

/// As the boot loader does it, which is passed over now: the word for one boot is gone before that
/// begins.
void follow_word_for_once(const base::Host &host, Transition transition)
{
  if (transition != Transition::reboot)
    forget_once(host);
}

} // namespace

Outlook look_ahead(const base::Host &host, Kexec kexec)
{
  auto outlook = outlook_of(host, read_boot_menu(host, ""), kexec);
  if (!outlook)
    base::fail(Kind::not_found, "no boot entry can boot");
  return std::move(*outlook);
}

std::optional<Outlook> find_outlook(const base::Host &host, Kexec kexec)
{
  auto menu = find_boot_menu(host);
  return menu ? outlook_of(host, std::move(*menu), kexec) : std::nullopt;
}

void put_into_effect(const base::Host &host, const Outlook &outlook)
{
  if (outlook.decision.transition == Transition::none)
    return;
  const std::string &version = outlook.menu.at(*outlook.next).entry.version;
  note(host, version, "begun", outlook.decision.why);
  Transition prepared = Transition::none;
  try {
    prepared = prepare(host, outlook);
    note_trial(host, version, prepared);
    follow_word_for_once(host, prepared);
    request(host, prepared);
  } catch (const base::Error &error) {
    take_back(host, prepared);
    note(host, version, "failed", error.what());
    throw;
  }
}

} // namespace handoff
