// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/catalogue.hpp"

#include <map>
#include <string>

namespace bakery {

/// What an administrator needs to have a machine follow an extension, as texts by file name:
/// NAME.transfer, NAME.feature and NAME.component; NAME_SERIES.transfer for those who stay in a
/// series; and in NAME.butane.yaml, or NAME.ARCHITECTURE.butane.yaml where there are several, all
/// of it in one piece, with the newest version for the first boot. Nothing for a name of which
/// there is no image, and for a system: how its parts go together is said by who makes it.
std::map<std::string, std::string> definition_files(const OfferedName &offered, const Site &site);

} // namespace bakery
