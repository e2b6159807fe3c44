// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/next_root.hpp"
#include "handoff/survivor.hpp"
#include "handoff/transition.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// What would be booted next, and what brings it into effect.
struct Outlook {
  std::vector<MenuEntry> menu;
  std::optional<std::size_t> next; ///< into the menu; nothing: nothing can boot
  Decision decision;
  std::vector<Survivor> survivors; ///< of a soft-reboot
};

/// Finds it out, changing nothing. Throws not_found if no entry can boot.
Outlook look_ahead(const base::Host &host, Kexec kexec);

/// The same; nothing where there are no boot entries that could boot.
std::optional<Outlook> find_outlook(const base::Host &host, Kexec kexec);

/// Brings it into effect: puts the next root in its place where a soft-reboot is enough, has the
/// next kernel loaded for a kexec, and asks the service manager. Returns once that has agreed; the
/// machine is about to stop then. Until the very last call nothing has changed, and a power cut
/// boots what it would have booted anyway; but for the word that an entry is to be booted once,
/// which has been followed then. A kernel that cannot be loaded takes a reboot. Where it runs
/// already there is nothing to do.
///
/// The attempt and a failure of it are noted in the history. Throws config if something would
/// outlive a soft-reboot that must not, busy while another process is at work; then nothing
/// happens.
void put_into_effect(const base::Host &host, const Outlook &outlook);

} // namespace handoff
