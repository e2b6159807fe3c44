// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/plan.hpp"

#include <string>
#include <vector>

namespace overlay {

/// Held while extensions are put in place or taken away; ends with the object, or the process.
class Lock {
public:
  explicit Lock(base::Dir held) : held_(std::move(held)) {}

private:
  base::Dir held_;
};

/// Waits for whoever is at work on the extensions beneath this root. Throws Kind::busy after a
/// minute.
Lock take_lock(const base::Host &host);

/// Puts plans into effect, those of both classes as one: on failure all hierarchies are what they
/// were. Says on the log what was merged and unmerged, and then does what the extensions ask for:
/// see overlay/service_manager.hpp.
void perform(const base::Host &host, const std::vector<Plan> &plans);

/// Merges what is installed. Throws Kind::busy if something is merged already.
std::vector<Plan> merge(const base::Host &host, const std::vector<Request> &requests);

/// Makes what is merged match what is installed; does nothing if it does.
std::vector<Plan> refresh(const base::Host &host, const std::vector<Request> &requests);

/// Takes all extensions away.
std::vector<Plan> unmerge(const base::Host &host, const std::vector<Request> &requests);

} // namespace overlay
