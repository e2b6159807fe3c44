// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"

#include <vector>

struct archive_entry;

namespace base {

/// Adds an archive member's POSIX access control lists as the system.posix_acl_* attributes by
/// which the kernel takes them. An entry that names its user or group by name only throws
/// Kind::untrusted: names of this machine mean nothing in the tree.
void add_access_lists(archive_entry *entry, std::vector<ExtendedAttribute> &extended);

} // namespace base
