// SPDX-License-Identifier: Apache-2.0
#include "updater/catalog.hpp"

#include "base/version.hpp"
#include "updater/directory.hpp"

#include <algorithm>

namespace updater {

namespace {

enum class Side { source, target };

const std::vector<Instance> &side_of(const Holding &holding, Side side)
{
  return side == Side::source ? holding.available : holding.installed;
}

/// All versions on one side, newest first, each once.
std::vector<std::string> versions_on(const std::vector<Holding> &holdings, Side side)
{
  std::vector<std::string> versions;
  for (const Holding &holding : holdings)
    for (const Instance &instance : side_of(holding, side))
      versions.push_back(instance.metadata.version);
  std::stable_sort(versions.begin(), versions.end(), [](const auto &one, const auto &other) {
    return base::compare_versions(one, other) > 0;
  });
  versions.erase(std::unique(versions.begin(),
                             versions.end(),
                             [](const auto &one, const auto &other) {
                               return base::compare_versions(one, other) == 0;
                             }),
                 versions.end());
  return versions;
}

bool is_protected_by(const Transfer &transfer, const std::string &version)
{
  return std::find(transfer.protect_versions.begin(), transfer.protect_versions.end(), version) !=
         transfer.protect_versions.end();
}

void judge_version(UpdateSet &set, const std::vector<Holding> &holdings)
{
  for (const Holding &holding : holdings) {
    const Transfer &transfer = holding.transfer;
    if (!transfer.min_version.empty() &&
        base::compare_versions(transfer.min_version, set.version) > 0)
      set.obsolete = true;
    if (is_protected_by(transfer, set.version))
      set.is_protected = true;
  }
}

UpdateSet installed_set(const std::vector<Holding> &holdings, const std::string &version)
{
  UpdateSet set;
  set.version = version;
  set.installed = true;
  for (const Holding &holding : holdings) {
    Part part;
    if (const Instance *found = find_version(holding.installed, version))
      part.on_target = *found;
    set.incomplete |= !part.on_target;
    set.partial |= part.has(Presence::partial);
    set.pending |= part.has(Presence::pending);
    set.parts.push_back(std::move(part));
  }
  judge_version(set, holdings);
  return set;
}

/// The parts of a version on offer, or nothing if some transfer doesn't offer it: a server that
/// shows half an operating system is not to be trusted with the other half.
std::optional<std::vector<Instance>> complete_offer(const std::vector<Holding> &holdings,
                                                    const std::string &version)
{
  std::vector<Instance> offer;
  for (const Holding &holding : holdings) {
    const Instance *found = find_version(holding.available, version);
    if (found == nullptr)
      return std::nullopt;
    offer.push_back(*found);
  }
  return offer;
}

UpdateSet *find_by_order(std::vector<UpdateSet> &sets, const std::string &version)
{
  const auto found = std::find_if(sets.begin(), sets.end(), [&](const UpdateSet &set) {
    return base::compare_versions(set.version, version) == 0;
  });
  return found == sets.end() ? nullptr : &*found;
}

void add_installed(Catalog &catalog, const std::vector<Holding> &holdings)
{
  for (const std::string &version : versions_on(holdings, Side::target)) {
    UpdateSet set = installed_set(holdings, version);
    set.newest = catalog.sets.empty();
    catalog.sets.push_back(std::move(set));
  }
}

void add_available(Catalog &catalog, const std::vector<Holding> &holdings)
{
  bool is_newest = true;
  for (const std::string &version : versions_on(holdings, Side::source)) {
    const auto offer = complete_offer(holdings, version);
    if (!offer)
      continue;
    UpdateSet *set = find_by_order(catalog.sets, version);
    if (set == nullptr) {
      UpdateSet fresh;
      fresh.version = version;
      fresh.parts.resize(holdings.size());
      fresh.newest = is_newest;
      judge_version(fresh, holdings);
      set = &catalog.sets.emplace_back(std::move(fresh));
    }
    set->available = true;
    for (std::size_t index = 0; index < offer->size(); ++index)
      set->parts[index].on_source = (*offer)[index];
    is_newest = false;
  }
}

bool can_be_completed(const UpdateSet &set)
{
  if (set.obsolete || set.is_whole())
    return false;
  return set.available || (set.pending && !set.incomplete && !set.partial);
}

/// What waits, pending, since before its publisher withdrew it is no better than what never came.
bool is_withheld(const Catalog &catalog, const UpdateSet &set)
{
  const Terms *terms = catalog.terms_of(set.version);
  return terms != nullptr && !terms->why.empty();
}

void choose_candidate(Catalog &catalog)
{
  for (std::size_t index = 0; index < catalog.sets.size(); ++index) {
    const UpdateSet &set = catalog.sets[index];
    if (set.installed && set.newest)
      catalog.newest_installed = index;
    if (set.available && set.newest && !set.installed && !set.obsolete)
      catalog.candidate = index;
  }
  if (!catalog.newest_installed)
    return;
  const UpdateSet &newest = catalog.sets[*catalog.newest_installed];
  const bool newer_exists =
      catalog.candidate &&
      base::compare_versions(catalog.sets[*catalog.candidate].version, newest.version) > 0;
  if (newer_exists)
    return;
  catalog.candidate.reset();
  if (can_be_completed(newest) && !is_withheld(catalog, newest))
    catalog.candidate = catalog.newest_installed;
}

std::string state_word(const UpdateSet &set)
{
  if (set.installed)
    return set.newest ? "current" : set.is_protected ? "protected" : "installed";
  if (set.available)
    return set.newest && !set.obsolete ? "candidate" : "available";
  return set.partial ? "unavailable" : "n/a";
}

} // namespace

const UpdateSet *Catalog::find(std::string_view version) const
{
  const auto found = std::find_if(
      sets.begin(), sets.end(), [&](const UpdateSet &set) { return set.version == version; });
  return found == sets.end() ? nullptr : &*found;
}

const Terms *Catalog::terms_of(std::string_view version) const
{
  const auto found = std::find_if(
      terms.begin(), terms.end(), [&](const Terms &each) { return each.version == version; });
  return found == terms.end() ? nullptr : &*found;
}

const UpdateSet *Catalog::candidate_set() const
{
  return candidate ? &sets[*candidate] : nullptr;
}

Catalog assess(const std::vector<Holding> &holdings, Offline offline)
{
  Catalog catalog;
  for (const Holding &holding : holdings)
    for (const Terms &terms : holding.terms)
      if (catalog.terms_of(terms.version) == nullptr)
        catalog.terms.push_back(terms);
  add_installed(catalog, holdings);
  if (offline == Offline::no)
    add_available(catalog, holdings);
  std::stable_sort(
      catalog.sets.begin(), catalog.sets.end(), [](const UpdateSet &one, const UpdateSet &other) {
        return base::compare_versions(one.version, other.version) > 0;
      });
  choose_candidate(catalog);
  return catalog;
}

std::string assessment(const UpdateSet &set)
{
  std::string result = state_word(set);
  if (set.obsolete)
    result += "+obsolete";
  // One of these at most, the most pressing: as systemd-sysupdate words it.
  if (set.partial)
    result += "+partial";
  else if (set.installed && set.pending)
    result += "+pending";
  else if (set.installed && set.incomplete)
    result += "+incomplete";
  return result;
}

} // namespace updater
