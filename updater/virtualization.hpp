// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <string>

namespace updater {

/// In what the machine runs, by the field's names ("kvm", "docker").
struct Virtualization {
  enum class Kind { none, vm, container };

  Kind kind = Kind::none;
  std::string id{}; ///< empty with none; "vm-other" or "container-other" if it doesn't say
};

/// Told from /run, /proc and /sys beneath `machine` alone. A container in a virtual machine is a
/// container.
Virtualization detect_virtualization(const base::Dir &machine);

/// True in a user namespace of its own.
bool has_private_users(const base::Dir &machine);

} // namespace updater
