// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"

#include <string>
#include <vector>

namespace updater {

/// Finds files and trees that were installed at some time (by the install records) and that no
/// transfer, enabled or disabled, owns by now; slots are never touched.
std::vector<std::string> foresee_cleanup(const base::Host &host, const Scope &scope);

/// Removes them, and the records of places that hold nothing more. Says how many went.
std::size_t cleanup(const base::Host &host, const Scope &scope);

} // namespace updater
