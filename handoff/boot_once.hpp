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

/// Has the boot loader take this entry, by the name it has for it (MenuEntry::loader_id), at the
/// next boot, and at that only: the one after it is as if nothing had been said. An empty name
/// takes it back. The word is in an EFI variable (LoaderEntryOneShot of the boot loader interface),
/// which the boot loader forgets before it starts the entry; the firmware keeps the old word or the
/// new one, or after a cut in between none. Throws not_found where the firmware has no such
/// variables.
void boot_once(const base::Host &host, const std::string &loader_id);

/// Takes the word back, if there is one: for whoever starts an entry in the boot loader's place.
void forget_once(const base::Host &host);

} // namespace handoff
