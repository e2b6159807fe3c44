// SPDX-License-Identifier: Apache-2.0
#include "updater/choose.hpp"

#include "base/error.hpp"
#include "base/version.hpp"

namespace updater {

namespace {

const UpdateSet *newest_in_effect(const Catalog &catalog)
{
  for (const UpdateSet &set : catalog.sets)
    if (set.is_whole())
      return &set;
  return nullptr;
}

bool is_newer(const UpdateSet &set, const UpdateSet *than)
{
  return than == nullptr || base::compare_versions(set.version, than->version) > 0;
}

const UpdateSet *best_allowed(const Catalog &catalog, const Policy &policy)
{
  const UpdateSet *candidate = catalog.candidate_set();
  if (candidate != nullptr && !objection(policy, candidate->version))
    return candidate;
  const UpdateSet *present = newest_in_effect(catalog);
  for (const UpdateSet &set : catalog.sets) {
    // A pin may ask for an older version; everything else only goes forward.
    const bool is_pinned = policy.pin == set.version;
    if (set.available && !set.obsolete && !set.is_whole() && !objection(policy, set.version) &&
        (is_pinned || is_newer(set, present)))
      return &set;
  }
  return nullptr;
}

std::string why_not(const Catalog &catalog, const Policy &policy, const UpdateSet &set)
{
  const Terms *terms = catalog.terms_of(set.version);
  const bool is_withheld = terms != nullptr && !terms->why.empty();
  if (set.is_whole())
    return is_withheld ? "it is installed, but " + terms->why : "it is installed already";
  if (set.obsolete)
    return "it is older than a MinVersion= in the definitions";
  if (is_withheld)
    return terms->why;
  if (!set.available)
    return set.installed ? "it is not whole, and not on offer" : "it is not on offer";
  if (const auto reason = objection(policy, set.version))
    return *reason;
  if (!is_newer(set, newest_in_effect(catalog)))
    return "a newer version is in effect";
  return "a newer version is chosen";
}

const UpdateSet *named(const Catalog &catalog, const std::string &version)
{
  const UpdateSet *set = catalog.find(version);
  const Terms *terms = catalog.terms_of(version);
  if (terms != nullptr && !terms->why.empty() && (set == nullptr || !set->is_whole()))
    base::fail(base::Kind::config, "Update '{}' is withheld: {}", version, terms->why);
  if (set == nullptr)
    base::fail(base::Kind::not_found,
               "Update '{}' not found; \"strake list\" shows the versions there are",
               version);
  if (set->is_whole())
    return set;
  const bool only_pending = set->pending && !set->incomplete && !set->partial;
  if (!set->available && !only_pending)
    base::fail(base::Kind::not_found, "Selected update '{}' is not available, refusing.", version);
  if (set->obsolete)
    base::fail(base::Kind::config,
               "Selected update '{}' is obsolete, refusing: it is older than a MinVersion= in the "
               "definitions",
               version);
  return set;
}

} // namespace

Choice choose(const Catalog &catalog, const Policy &policy, const std::string &version)
{
  Choice choice;
  choice.set = version.empty() ? best_allowed(catalog, policy) : named(catalog, version);
  for (const UpdateSet &set : catalog.sets)
    if (&set != choice.set)
      choice.others.push_back({set.version, why_not(catalog, policy, set)});
  for (const Terms &terms : catalog.terms)
    if (!terms.why.empty() && catalog.find(terms.version) == nullptr)
      choice.others.push_back({terms.version, terms.why});
  return choice;
}

} // namespace updater
