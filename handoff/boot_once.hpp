// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/boot_menu.hpp"

#include <string>
#include <vector>

namespace handoff {

/// The entry of this id, to be booted once. Throws not_found, saying which there are; config if it
/// cannot boot.
const MenuEntry &choose_once(const std::vector<MenuEntry> &menu, const std::string &id);

/// Has the boot loader take this entry at the next boot, and at that only: the one after it is as
/// if nothing had been said. An empty id takes it back. The word is in an EFI variable
/// (LoaderEntryOneShot), which the boot loader forgets before it starts the entry; bootctl(1)
/// writes it. Throws Kind::io with its words where it cannot.
void boot_once(const base::Host &host, const std::string &id);

} // namespace handoff
