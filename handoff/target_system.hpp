// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/fit.hpp"
#include "updater/inventory.hpp"

#include <string>

namespace handoff {

/// The system that a version of the host's transfers brings, by which extensions for it are judged.
///
/// Once its unified kernel image is on this machine, pending or in effect, that says it: it has the
/// os-release of the system it boots. Until then, and where there is no such image, it is taken for
/// what runs, with IMAGE_VERSION= set to the version, and VERSION_ID= too where both are the same
/// now. Throws as overlay::read_target.
overlay::Target
target_system(const base::Host &host, const updater::Scope &scope, const std::string &version);

} // namespace handoff
