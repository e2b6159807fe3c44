// SPDX-License-Identifier: Apache-2.0
#include "updater/commit.hpp"

#include "updater/current_link.hpp"
#include "updater/install_record.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace updater {

namespace {

/// When a file may appear: plain ones, then boot files by what they mean to the loader.
std::tuple<bool, BootRank> order_of(const Inventory &inventory, const Step &step)
{
  const bool is_boot = inventory.holdings[step.transfer].is_boot;
  return {is_boot, is_boot ? boot_rank(step.name) : BootRank::resource};
}

StagedPart *staged_part(Staged &staged, const Step &step)
{
  const auto found = std::find_if(staged.parts.begin(),
                                  staged.parts.end(),
                                  [&](const StagedPart &part) { return part.step == &step; });
  return found == staged.parts.end() ? nullptr : &*found;
}

std::vector<const Step *> files_in_order(const Staged &staged)
{
  std::vector<const Step *> steps;
  for (const Step &step : staged.plan.steps)
    if (step.partition == 0 && step.action != Action::keep)
      steps.push_back(&step);
  std::stable_sort(steps.begin(), steps.end(), [&](const Step *one, const Step *other) {
    return order_of(staged.inventory, *one) < order_of(staged.inventory, *other);
  });
  return steps;
}

std::vector<std::pair<std::size_t, Instance>> slot_victims(const UpdatePlan &plan)
{
  std::vector<std::pair<std::size_t, Instance>> victims;
  for (const Step &step : plan.steps)
    for (const Instance &victim : step.victims)
      if (victim.partition != 0)
        victims.emplace_back(step.transfer, victim);
  return victims;
}

bool touches_slots(const UpdatePlan &plan)
{
  return std::any_of(plan.steps.begin(), plan.steps.end(), [](const Step &step) {
    return step.partition != 0 && step.action != Action::keep;
  });
}

void record_installs(const base::Host &host, const Inventory &inventory, const UpdatePlan &plan)
{
  for (const Step &step : plan.steps)
    record_install(host, inventory, step);
}

class Commit {
public:
  Commit(const base::Host &host, Staged &staged, Presence presence, CurrentLink link)
      : host_(host), staged_(staged), presence_(presence), link_(link)
  {
  }

  void run()
  {
    // Before there is anything to own: `cleanup` is to find what a cut leaves, whatever definitions
    // there are then.
    if (presence_ == Presence::installed)
      record_installs(host_, staged_.inventory, staged_.plan);
    publish_slots();
    for (const Step *step : files_in_order(staged_))
      publish_file_or_tree(*step);
    if (presence_ == Presence::installed)
      follow_up(host_, staged_.inventory, staged_.plan, link_);
  }

private:
  [[nodiscard]] std::string_view prefix() const
  {
    return presence_ == Presence::pending ? pending_prefix : std::string_view();
  }

  void publish_slots()
  {
    if (!touches_slots(staged_.plan))
      return;
    // What is only made ready takes nobody's place yet.
    staged_.slots->publish(presence_,
                           presence_ == Presence::pending
                               ? std::vector<std::pair<std::size_t, Instance>>{}
                               : slot_victims(staged_.plan));
  }

  void publish_file_or_tree(const Step &step)
  {
    StagedPart *part = staged_part(staged_, step);
    Place &place = *staged_.inventory.ways[step.transfer].target;
    if (part != nullptr && part->file)
      publish_file(host_.sys, *part->file, prefix());
    else if (part != nullptr)
      publish_tree(host_.sys, *part->tree, prefix());
    else if (presence_ == Presence::installed)
      publish_pending(host_.sys, place, step.name);
    const ResourceKind kind = staged_.inventory.holdings[step.transfer].transfer.target.kind;
    const bool is_tree = kind == ResourceKind::directory || kind == ResourceKind::subvolume;
    if (is_tree && presence_ == Presence::installed && step.fields.read_only == true)
      make_read_only(host_.sys, place, step.name, kind);
  }

  const base::Host &host_;
  Staged &staged_;
  Presence presence_;
  CurrentLink link_;
};

} // namespace

void follow_up(const base::Host &host,
               const Inventory &inventory,
               const UpdatePlan &plan,
               CurrentLink link)
{
  record_installs(host, inventory, plan);
  for (const Step &step : plan.steps)
    if (link == CurrentLink::follows)
      point_current_link(host, inventory, step);
}

void commit(const base::Host &host, Verified verified, Presence presence, CurrentLink link)
{
  Commit(host, *verified, presence, link).run();
}

} // namespace updater
