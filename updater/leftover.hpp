// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"

#include <string>
#include <vector>

namespace updater {

/// What runs of systemd-sysupdate before 260 began in a target directory and never finished, where
/// RemoveTemporary= lets it be removed: everything in the directory itself whose name begins with
/// ".#", of enabled and disabled transfers alike. Each path once.
std::vector<std::string> list_leftovers(const Inventory &inventory);

/// Removes it; durable on return. What cannot be removed is warned of and stays: it is in nobody's
/// way but for the room it takes.
void remove_leftovers(const base::Host &host, const Inventory &inventory);

} // namespace updater
