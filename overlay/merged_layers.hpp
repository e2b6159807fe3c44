// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/layer.hpp"
#include "overlay/plan.hpp"

namespace overlay {

/// An extension of what is merged now, as it was then: from the loop device that it is read from,
/// whatever has become of its file, or else from its place. Throws Kind::not_found, saying which,
/// if it is not there any more as it was.
Layer open_merged(const base::Host &host, const Request &request, const UsedExtension &used);

/// All layers of a merged hierarchy but the one that is written to, as they lie on each other,
/// without what is mounted below. It cannot be written, and hangs nowhere. Throws as open_merged().
base::Dir compose_below(const base::Host &host, const Request &request, const Hierarchy &hierarchy);

} // namespace overlay
