// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"

#include <string>
#include <vector>

namespace updater {

enum class Withdrawn { nothing, something };

/// Takes these versions out of effect without losing them, so that the machine boots `kept`: boot
/// files get their pending names (entries before images before what they need), slots that nobody
/// uses the pending type, other files and trees their pending names, and CurrentSymlink= leads to
/// `kept`, unless a newer version was installed since. Where the boot loader goes by
/// verity::BootMarks, `kept` comes first there, in the table write that takes the others away. The
/// running version's slots and plain files stay untouched: it goes on running. A cut in between
/// leaves a machine that boots one of the versions whole; doing it again ends it.
Withdrawn withdraw_newer(const base::Host &host,
                         Inventory &inventory,
                         const std::string &kept,
                         const std::vector<std::string> &versions);

} // namespace updater
