// SPDX-License-Identifier: Apache-2.0
#include "updater/withdraw.hpp"

#include "base/version.hpp"
#include "updater/current_link.hpp"
#include "updater/directory.hpp"
#include "updater/file_target.hpp"
#include "updater/running.hpp"
#include "updater/slots.hpp"

#include <algorithm>
#include <set>

namespace updater {

namespace {

struct Found {
  std::size_t transfer;
  Instance instance;
};

class Withdrawal {
public:
  Withdrawal(const base::Host &host, Inventory &inventory) : host_(host), inventory_(inventory) {}

  void collect(const std::vector<std::string> &versions)
  {
    const std::string running = running_version(host_);
    for (std::size_t index = 0; index < inventory_.holdings.size(); ++index)
      for (const Instance &instance : inventory_.holdings[index].installed) {
        const std::string &version = instance.metadata.version;
        const bool is_named =
            std::find(versions.begin(), versions.end(), version) != versions.end();
        if (!is_named || instance.presence != Presence::installed)
          continue;
        if (instance.partition != 0)
          outranked_.insert(index);
        if (inventory_.holdings[index].is_boot)
          boot_.push_back({index, instance});
        else if (version != running)
          (instance.partition == 0 ? plain_ : slots_).push_back({index, instance});
      }
    std::stable_sort(boot_.begin(), boot_.end(), [](const Found &one, const Found &other) {
      return boot_rank(one.instance.name) > boot_rank(other.instance.name);
    });
  }

  [[nodiscard]] bool is_empty() const { return boot_.empty() && plain_.empty() && slots_.empty(); }

  void run(const std::string &kept)
  {
    for (const Found &found : boot_)
      withdraw(found);
    withdraw_slots(kept);
    for (const Found &found : plain_)
      withdraw(found);
  }

private:
  void withdraw(const Found &found)
  {
    host_.say(base::Level::info, "Taking '{}' out of effect.", found.instance.path);
    withdraw_file(host_.sys, *inventory_.ways[found.transfer].target, found.instance.name);
  }

  [[nodiscard]] bool is_in_use(const Found &found) const
  {
    const auto &slots = inventory_.holdings[found.transfer].slots;
    return std::any_of(slots.begin(), slots.end(), [&](const Slot &slot) {
      return slot.partition == found.instance.partition && !slot.in_use.empty();
    });
  }

  /// The slot that runs keeps its type, so the one to boot has to come before it.
  void withdraw_slots(const std::string &kept)
  {
    Retyping retyping(host_, inventory_);
    for (const Found &found : slots_)
      if (!is_in_use(found))
        retyping.set(found.transfer, found.instance.partition, Presence::pending);
    for (const std::size_t transfer : outranked_) {
      const Instance *instance = find_version(inventory_.holdings[transfer].installed, kept);
      if (instance != nullptr && instance->presence == Presence::installed)
        retyping.prefer(transfer, instance->partition);
    }
    retyping.commit();
  }

  const base::Host &host_;
  Inventory &inventory_;
  std::vector<Found> boot_;
  std::vector<Found> slots_;
  std::vector<Found> plain_;
  std::set<std::size_t> outranked_; ///< transfers with slots in which a newer version is installed
};

/// Whether an update has brought a newer version since, which is not one of those withdrawn.
bool is_passed(const Holding &holding,
               const std::string &version,
               const std::vector<std::string> &withdrawn)
{
  return std::any_of(
      holding.installed.begin(), holding.installed.end(), [&](const Instance &instance) {
        const std::string &other = instance.metadata.version;
        return instance.presence == Presence::installed &&
               base::compare_versions(other, version) > 0 &&
               std::find(withdrawn.begin(), withdrawn.end(), other) == withdrawn.end();
      });
}

void point_links(const base::Host &host,
                 Inventory &inventory,
                 const std::string &version,
                 const std::vector<std::string> &withdrawn)
{
  for (std::size_t index = 0; index < inventory.holdings.size(); ++index) {
    if (is_passed(inventory.holdings[index], version, withdrawn))
      continue;
    const Instance *kept = find_version(inventory.holdings[index].installed, version);
    if (kept == nullptr || kept->presence != Presence::installed)
      continue;
    Step step;
    step.transfer = index;
    step.name = kept->name;
    step.partition = kept->partition;
    point_current_link(host, inventory, step);
  }
}

} // namespace

Withdrawn withdraw_newer(const base::Host &host,
                         Inventory &inventory,
                         const std::string &kept,
                         const std::vector<std::string> &versions)
{
  Withdrawal withdrawal(host, inventory);
  withdrawal.collect(versions);
  withdrawal.run(kept);
  point_links(host, inventory, kept, versions);
  return withdrawal.is_empty() ? Withdrawn::nothing : Withdrawn::something;
}

} // namespace updater
