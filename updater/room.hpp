// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"
#include "updater/plan.hpp"

#include <cstdint>
#include <optional>

namespace updater {

/// Sees to it that a file of `bytes` fits beside what its target directory holds. Where it does
/// not, the step's victims, which would go after the update anyway, go now, if that is enough;
/// nothing else does.
/// Throws Kind::no_space, naming the file system and the bytes, before a byte was written.
void make_room_for(const base::Host &host,
                   Inventory &inventory,
                   const Step &step,
                   std::optional<std::uint64_t> bytes);

/// The length of a file once it is unpacked, found by unpacking it into nothing.
std::uint64_t unpacked_size(const base::Fd &file);

} // namespace updater
