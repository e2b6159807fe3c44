// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>

namespace verity {

/// Which ways to verify an image are used. All are, unless a variable or the kernel's command line
/// turns one off; these are systemd's.
struct VeritySwitches {
  bool sidecar = true;   ///< $SYSTEMD_DISSECT_VERITY_SIDECAR: files and attributes beside the image
  bool embedded = true;  ///< $SYSTEMD_DISSECT_VERITY_EMBEDDED: its signature partition
  bool signature = true; ///< $SYSTEMD_DISSECT_VERITY_SIGNATURE: signatures are looked at
  bool guess = true;     ///< $SYSTEMD_DISSECT_VERITY_GUESS: root hashes from partition UUIDs
  /// What forbids to check signatures against verity.d: $SYSTEMD_ALLOW_USERSPACE_VERITY, or
  /// systemd.allow_userspace_verity= on the kernel's command line. Empty if nothing does.
  std::string userspace_forbidden_by{};
};

/// Variables that are no boolean are passed over, but for those that forbid: there it forbids.
VeritySwitches read_verity_switches(const base::Host &host);

} // namespace verity
