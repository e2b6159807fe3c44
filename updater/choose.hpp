// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/catalog.hpp"
#include "updater/policy.hpp"

#include <string>
#include <vector>

namespace updater {

/// A version that is not chosen, and why, as a half sentence.
struct NotChosen {
  std::string version;
  std::string why;
};

/// What an update would take, and what speaks against every other version.
struct Choice {
  const UpdateSet *set = nullptr; ///< into the catalog; null: nothing to do
  std::vector<NotChosen> others;
};

/// Without `version`: the catalog's candidate, or where policy objects to it the newest on offer
/// that is newer than what is in effect and that policy has nothing against. With one: that one,
/// whatever the policy; throws not_found if it is unknown, or config if it is not on offer or
/// obsolete.
Choice choose(const Catalog &catalog, const Policy &policy, const std::string &version);

} // namespace updater
