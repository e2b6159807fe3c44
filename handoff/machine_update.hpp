// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/member.hpp"
#include "updater/update.hpp"

#include <string>
#include <vector>

namespace handoff {

/// What an update of the whole machine did.
struct MachineUpdate {
  updater::UpdateResult system;
  std::vector<Member> members; ///< the extensions that go with what was brought
};

/// Brings the next version of the system, and with it what fits it of each extension that is in
/// use: as one set, or not at all.
///
/// First it is decided what of each extension goes with that system, as far as that can be known
/// before; then the system comes onto the machine, pending, and says itself what it is; then the
/// extensions come, beside those in use; then it is noted which of them go with which system; and
/// last the system comes into effect. So at every cut the machine boots what ran, with what it had,
/// or the new system with all that goes with it; the next run goes on.
///
/// Where no component keeps an extension, or the system does not say its IMAGE_VERSION=, this is
/// updater::update(). Throws Kind::config where extensions would be missing that must not be; then
/// nothing is in effect that was not.
MachineUpdate update_machine(const base::Host &host, const updater::UpdateOptions &options);

/// What would become of each extension with this version, as far as that can be known now.
std::vector<Member>
foresee_members(const base::Host &host, const updater::Scope &scope, const std::string &version);

} // namespace handoff
