// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/generation.hpp"
#include "overlay/plan.hpp"

#include <cstdint>
#include <optional>
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
/// see overlay/service_manager.hpp. What is merged belongs to `generation` from here on.
void perform(const base::Host &host, const std::vector<Plan> &plans, const Generation &generation);

// What follows remembers the generation that it brings about, see overlay/history.hpp, if it is
// not the latest one anyway. Where that cannot be written, a notice says so; the next run makes up
// for it.

/// Merges what is installed. Throws Kind::busy if something is merged already.
std::vector<Plan> merge(const base::Host &host, const std::vector<Request> &requests);

/// Makes what is merged match what is installed, or the generation that is held; does nothing if it
/// does.
std::vector<Plan> refresh(const base::Host &host, const std::vector<Request> &requests);

/// The same for whoever has the lock; `verb` is what the generation is said to come from.
std::vector<Plan> refresh(const Lock &lock,
                          const base::Host &host,
                          const std::vector<Request> &requests,
                          const std::string &verb);

/// Takes all extensions away. That is no generation.
std::vector<Plan> unmerge(const base::Host &host, const std::vector<Request> &requests);

/// Brings an earlier generation back and holds it; without a number the one before the present one.
/// Throws Kind::not_found, and changes nothing, if it is not remembered, or an image of it is not
/// there any more as it was, or cannot be used.
std::vector<Plan> roll_back(const base::Host &host,
                            std::vector<Request> requests,
                            std::optional<std::uint64_t> number);

} // namespace overlay
