// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>
#include <vector>

namespace handoff {

/// An extension that another version of is in use now.
struct Followed {
  std::string component;
  std::string before;
  std::string version; ///< empty: none is
};

/// Has the extensions follow the system: where another one runs than the links of the components
/// show, what they show is kept as the set of the one before, and they are changed to the set of
/// the one that runs. They stay as they are for a system that has no set, and each whose version is
/// not here. Merges nothing; strake's unit for that comes after the one that calls this.
///
/// After a failure or a cut the next call goes on; in between each extension is of one set or the
/// other.
std::vector<Followed> follow_system(const base::Host &host);

} // namespace handoff
