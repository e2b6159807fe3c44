// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// A unit of which something outlives a soft-reboot.
struct Survivor {
  std::string unit;
  bool goes_on = false;         ///< its processes do (SurviveFinalKillSignal=)
  bool has_own_root = false;    ///< they run from a root of their own, not from the system's
  std::uint64_t kept_files = 0; ///< descriptors that the service manager keeps for it
};

/// What `systemctl show` says of services with these properties: Id, SurviveFinalKillSignal,
/// MainPID, RootDirectory, RootImage, FileDescriptorStorePreserve, NFileDescriptorStore.
std::vector<Survivor> parse_survivors(std::string_view shown);

std::vector<Survivor> read_survivors(const base::Host &host);

/// Throws Kind::config if processes that go on would do so from the system that goes.
void refuse_old_roots(const std::vector<Survivor> &survivors);

/// Has the service manager keep the descriptors: a unit that nothing refers to in the middle of a
/// soft-reboot is forgotten with all it has stored (systemd 257). Gone with the next reboot.
void keep_files(const base::Host &host, const std::vector<Survivor> &survivors);

} // namespace handoff
