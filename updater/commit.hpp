// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/current_link.hpp"
#include "updater/stage.hpp"

namespace updater {

/// Puts a verified update into effect, or with Presence::pending makes it ready for that.
///
/// The order is what keeps the machine bootable at every instant: all slots of a disk in one table
/// commit, then trees and plain files, then boot files (what entries need before the entries), then
/// CurrentSymlink=. Before the first boot entry has its final name the machine boots the old
/// version whole; after the last, the new. A cut in between is finished by the next update, which
/// finds the version incomplete and brings what is missing.
void commit(const base::Host &host, Verified verified, Presence presence, CurrentLink link);

/// What comes after the last boot entry: notes what was installed, and points CurrentSymlink= at
/// it, unless that stays. Doing it again changes nothing, so that settle() can end what a cut left
/// out.
void follow_up(const base::Host &host,
               const Inventory &inventory,
               const UpdatePlan &plan,
               CurrentLink link);

} // namespace updater
