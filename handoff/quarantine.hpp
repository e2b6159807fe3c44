// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/health.hpp"
#include "updater/system_set.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// An extension that checks failed because of, and what becomes of it.
struct Quarantined {
  std::string component;
  std::string version; ///< that is bad
  std::string instead; ///< an older one that is here; empty: it is used no more
  std::string why;     ///< the checks that failed

  bool operator==(const Quarantined &) const = default;
};

/// A required check that failed, and whose it is.
struct Blame {
  std::string check;       ///< its name, and why it failed
  std::string component{}; ///< that keeps the extension it belongs to; empty: none does
};

/// Which extensions are to blame, each once with all its checks. None are if anything that failed
/// is not an extension's, because then taking extensions away would not help, or if one is of a
/// version that went well with another system.
std::vector<Quarantined> find_culprits(const std::vector<Blame> &blames,
                                       const updater::SystemSet &in_use,
                                       const updater::SystemSets &sets);

/// What failed though it is required, each with the component whose extension has brought the unit
/// or the program that was asked.
std::vector<Blame> blame(const base::Host &host, const std::vector<HealthCheck> &checks);

/// Takes one extension out of use, and notes it in the history. Its version is skipped before its
/// link goes, so that after a cut no update brings it back, and a second call ends what the first
/// began.
void take_out(const base::Host &host, const Quarantined &culprit);

/// Takes those that are to blame out of use: an older version that is here takes their place where
/// there is one, and theirs is skipped from now on. Merges once, and restarts the units that
/// failed; nothing is changed if none is to blame. Each is noted in the history. After a cut the
/// next call goes on.
std::vector<Quarantined> quarantine_culprits(const base::Host &host,
                                             const std::vector<HealthCheck> &checks);

} // namespace handoff
