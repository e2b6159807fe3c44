// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/member.hpp"
#include "overlay/fit.hpp"
#include "updater/system_set.hpp"

#include <vector>

namespace handoff {

/// Whether extensions go with versions of this system: it says its IMAGE_VERSION=, and some
/// component keeps an extension that is in use.
bool has_members(const base::Host &host);

/// The version of each that is in use now, by component.
updater::SystemSet members_in_use(const base::Host &host);

/// Whether an extension of this version has the very version of the system that runs.
bool is_version_of_system(const base::Host &host, const std::string &version);

/// Whether a component keeps an extension that comes and goes with the system, because what is in
/// use of it has the system's version, or what was noted to go with the system has it.
bool is_coupled_component(const base::Host &host, const std::string &component);

/// What there is of each extension that is in use and enabled, for this target: here and on offer.
/// Those that no component keeps are only among them if they fit what runs and not the target.
/// Remembers nothing. Throws as reading the sources does.
std::vector<MemberChoices> read_member_choices(const base::Host &host,
                                               const overlay::Target &target);

} // namespace handoff
