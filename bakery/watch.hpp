// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>
#include <vector>

namespace bakery {

/// What of recipes can be seen without reading their sources: names, sizes, modes and times of the
/// recipes, and of all that lies beside them and is a source of theirs. It changes with them.
std::string glance_at(const std::vector<std::string> &recipes);

/// Returns when a glance at the recipes no longer is `seen`, and has stayed the same for a second:
/// who saves several files, or a large one, is through by then.
void wait_for_change(base::Clock &clock,
                     const std::vector<std::string> &recipes,
                     const std::string &seen);

} // namespace bakery
