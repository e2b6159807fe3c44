// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace updater {

/// Instances of several transfers, with the index of each transfer.
using Victims = std::vector<std::pair<std::size_t, Instance>>;

/// Whether the indices of victims are into the enabled or the disabled transfers.
enum class Among { enabled, disabled };

/// Removes instances in the order that leaves nothing bootable without its parts: boot entries
/// before images before what they need, also those of versions that lose a slot; then all slots of
/// a disk in one table commit; then the rest. Durable on return; after a power cut some of it may
/// still be there, and the next vacuum takes it.
void remove_all(const base::Host &host,
                Inventory &inventory,
                Among among,
                const Victims &victims,
                std::string_view why);

} // namespace updater
