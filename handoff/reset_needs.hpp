// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/reset_rules.hpp"

#include <string>
#include <vector>

namespace handoff {

enum class Extensions { stay, go };

/// What the systems of this machine need to come up as they are, and to be updated: how file
/// systems are mounted, strake's settings, records and units, definitions with all versions that
/// they have brought, keys, and the extensions. Where those go, neither are their definitions and
/// versions among it, nor what strake remembers of them. Throws as reading the definitions does:
/// what cannot be read cannot be kept.
std::vector<KeepRule> needed_by_systems(const base::Host &host, Extensions extensions);

} // namespace handoff
