// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/boot_menu.hpp"

#include <optional>
#include <set>
#include <string>

namespace handoff {

/// What there is to tell whether the kernel that runs can go over to another one by itself (kexec),
/// with no firmware, boot loader and boot stub in between.
struct KexecFacts {
  bool has_service_manager = false; ///< systemd, which ends what runs
  bool is_supported = false;        ///< by the kernel that runs
  bool is_forbidden = false;        ///< kernel.kexec_load_disabled
  bool has_secure_boot = false;
  std::set<std::string> sections{}; ///< of the image of the next entry; empty: it is none
  std::string companion{};          ///< a file that the boot stub would hand over; or empty
  /// Command lines without root hashes: what the kernel was started with, what the boot entry of
  /// what runs says (nothing: it is not there any more), and what the next one says.
  std::string booted_options{};
  std::optional<std::string> running_options{};
  std::string next_options{};
};

/// Why it cannot, as a half sentence; empty if it can.
std::string kexec_obstacle(const KexecFacts &facts);

/// `running` is the entry of what runs, if it is known.
KexecFacts
read_kexec_facts(const base::Host &host, const MenuEntry &next, const MenuEntry *running);

/// Has the kernel hold the one of this entry, with its initrd and its command line, for the service
/// manager to go over to. Nothing else changes: whatever ends the machine without that, the boot
/// loader takes the entry as it would have. Throws io if the kernel does not take it, not_found if
/// the entry has gone.
void load_kernel_of(const base::Host &host, const MenuEntry &entry);

} // namespace handoff
