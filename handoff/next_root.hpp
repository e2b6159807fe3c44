// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/boot_menu.hpp"
#include "overlay/mount_table.hpp"

#include <string>
#include <vector>

namespace handoff {

/// Where systemd takes the root from that a soft-reboot goes over to.
constexpr const char *next_root_path = "/run/nextroot";

/// The mounts that go along into another root: what lies on file systems of their own, the topmost
/// of each tree. Not the root and the hierarchies that extensions are merged into, not what the
/// kernel makes, not memory: systemd mounts these anew.
std::vector<std::string> mounts_to_carry(const std::vector<overlay::MountLine> &table);

/// Whether something is mounted on /etc, other than configuration extensions.
bool has_mounted_etc(const std::vector<overlay::MountLine> &table);

/// What became of it.
struct NextRoot {
  std::string version;                ///< IMAGE_VERSION=
  std::vector<std::string> carried{}; ///< mounts that are there too
  std::vector<std::string> left{};    ///< that are not, because there is no such directory
};

/// Mounts the system of this boot entry at /run/nextroot, through dm-verity, by the root hash on
/// its command line; with what is carried, and its own extensions merged. What an earlier call put
/// there goes first. Nothing of what runs is changed but the links of extension components, which
/// are for the next system then; whatever fails, they are led back and the mounts are gone. What
/// somebody else has set up over its slot with the device-mapper, such as an initrd for a root that
/// was left by hand since, is removed once nobody uses it.
///
/// Throws not_found where its slot is not there, config where it cannot be a root for the kernel
/// that runs, and untrusted where it is not what the hash says, or its signature is needed and not
/// accepted.
NextRoot prepare_next_root(const base::Host &host, const MenuEntry &entry);

/// Has the dm-verity device of the root that runs go when nobody uses it any more, so that its slot
/// is free after a soft-reboot. Does nothing where it is on none.
void let_go_of_present_root(const base::Host &host);

/// Takes it away again.
void leave_next_root(const base::Host &host);

} // namespace handoff
