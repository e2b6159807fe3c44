// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"
#include "updater/policy.hpp"

#include <string>
#include <vector>

namespace updater {

/// What a rollback means.
struct RollbackPlan {
  std::string version;
  std::vector<std::string> withdrawn; ///< newer versions on this machine, to be skipped from now on
};

/// Decides a rollback, without doing it. Throws not_found if `version` is not installed as a whole.
RollbackPlan
foresee_rollback(const base::Host &host, const Scope &scope, const std::string &version);

/// Goes back to an installed version and stays there: newer ones are taken out of effect (their
/// bytes stay, pending) and will not be chosen again unless asked for by name. The decision is
/// durable before anything is renamed, so that a run after a cut ends what this one began.
RollbackPlan rollback(const base::Host &host, const Scope &scope, const std::string &version);

/// Changes the policy under the lock: `change` gets it and returns the new one.
Policy change_policy(const base::Host &host,
                     const std::string &component,
                     const std::string &action,
                     const std::string &version,
                     const std::function<Policy(Policy)> &change);

} // namespace updater
