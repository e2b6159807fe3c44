// SPDX-License-Identifier: Apache-2.0
#include "updater/plan.hpp"

#include "base/error.hpp"
#include "base/version.hpp"
#include "updater/directory.hpp"
#include "verity/boot_marks.hpp"
#include "verity/gpt.hpp"

#include <algorithm>
#include <limits>

namespace updater {

namespace {

constexpr std::uint64_t default_file_instances = 3;
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

bool is_tar(ResourceKind kind)
{
  return kind == ResourceKind::tar || kind == ResourceKind::url_tar;
}

std::uint64_t instances_allowed(const Transfer &transfer, const Limits &limits)
{
  if (limits.instances_max)
    return *limits.instances_max;
  if (transfer.target.instances_max != 0)
    return transfer.target.instances_max;
  return transfer.target.kind == ResourceKind::partition ? unlimited : default_file_instances;
}

bool must_stay(const Holding &holding, const Limits &limits, const std::string &version)
{
  const auto &listed = holding.transfer.protect_versions;
  return limits.keep.contains(version) ||
         std::find(listed.begin(), listed.end(), version) != listed.end();
}

bool is_in_use(const Holding &holding, const Instance &instance)
{
  return std::any_of(holding.slots.begin(), holding.slots.end(), [&](const Slot &slot) {
    return slot.partition == instance.partition && !slot.in_use.empty();
  });
}

/// Those beyond the newest `allowed`, oldest first, without those that must stay.
std::vector<Instance> oldest_beyond(const Holding &holding,
                                    const Limits &limits,
                                    std::uint64_t allowed,
                                    const std::string &newcomer)
{
  std::vector<Instance> candidates; // newest first
  for (const Instance &instance : holding.installed)
    if (instance.presence == Presence::installed && instance.metadata.version != newcomer)
      candidates.push_back(instance);
  std::vector<Instance> victims;
  std::uint64_t remaining = candidates.size();
  for (auto instance = candidates.rbegin(); instance != candidates.rend(); ++instance) {
    if (remaining <= allowed)
      break;
    if (must_stay(holding, limits, instance->metadata.version) || is_in_use(holding, *instance))
      continue;
    victims.push_back(*instance);
    --remaining;
  }
  return victims;
}

std::string describe_type(const Transfer &transfer)
{
  const verity::PartitionType &type = transfer.target.partition_type;
  return fmt::format("{} ({})", type.uuid.text(), type.name);
}

std::string list_slots(const Holding &holding, const Limits &limits)
{
  std::string text;
  for (const Slot &slot : holding.slots) {
    std::string why = slot.is_empty ? "empty" : slot.version;
    if (!slot.in_use.empty())
      why += ", " + slot.in_use;
    else if (!slot.version.empty() && must_stay(holding, limits, slot.version))
      why += ", kept";
    text += fmt::format(
        "{}partition {} ({} bytes): {}", text.empty() ? "" : "; ", slot.partition, slot.bytes, why);
  }
  return text;
}

void check_slot_count(const Holding &holding)
{
  if (holding.slots.size() < 2)
    base::fail(base::Kind::no_space,
               "{} has less than two partition slots of the type {} whose label is \"_empty\" or "
               "matches the target's pattern; two are needed, one to run from and one to write",
               holding.target_path,
               describe_type(holding.transfer));
}

const Instance *instance_in(const Holding &holding, unsigned partition)
{
  const auto found =
      std::find_if(holding.installed.begin(),
                   holding.installed.end(),
                   [&](const Instance &instance) { return instance.partition == partition; });
  return found == holding.installed.end() ? nullptr : &*found;
}

bool holds_nothing_whole(const Holding &holding, const Slot &slot, const std::string &newcomer)
{
  if (slot.is_empty)
    return true;
  const Instance *instance = instance_in(holding, slot.partition);
  return instance != nullptr &&
         (instance->presence == Presence::partial ||
          (instance->presence == Presence::pending && instance->metadata.version != newcomer));
}

bool fits(const Slot &slot, const Metadata &fields)
{
  return slot.in_use.empty() && slot.bytes >= fields.size.value_or(0);
}

/// The smallest free slot that fits: one that already holds a part of this very version first.
const Slot *free_slot(const Holding &holding, const Metadata &fields)
{
  const Slot *best = nullptr;
  for (const Slot &slot : holding.slots) {
    if (!holds_nothing_whole(holding, slot, fields.version) || !fits(slot, fields))
      continue;
    if (slot.version == fields.version)
      return &slot;
    if (best == nullptr || slot.bytes < best->bytes)
      best = &slot;
  }
  return best;
}

/// The slot of the oldest version that may be given up.
const Slot *oldest_slot(const Holding &holding, const Limits &limits, const Metadata &fields)
{
  const Slot *best = nullptr;
  for (const Slot &slot : holding.slots) {
    if (slot.version.empty() || must_stay(holding, limits, slot.version) || !fits(slot, fields))
      continue;
    if (best == nullptr || base::compare_versions(slot.version, best->version) < 0)
      best = &slot;
  }
  return best;
}

std::string explain_trial(const Limits &limits)
{
  if (limits.on_trial.empty())
    return "";
  return fmt::format("; {} was booted and has not been found good yet (see "
                     "systemd-bless-boot.service(8)), so what it would fall back on is kept until "
                     "it is",
                     limits.on_trial);
}

void choose_slot(Step &step, const Holding &holding, const Limits &limits)
{
  check_slot_count(holding);
  const Slot *slot = free_slot(holding, step.fields);
  if (slot == nullptr) {
    slot = oldest_slot(holding, limits, step.fields);
    if (slot == nullptr)
      base::fail(base::Kind::no_space,
                 "no slot of the type {} on {} may be written for {}{}: {}{}",
                 describe_type(holding.transfer),
                 holding.target_path,
                 step.fields.version,
                 step.fields.size ? fmt::format(", which needs {} bytes", *step.fields.size) : "",
                 list_slots(holding, limits),
                 explain_trial(limits));
  }
  step.partition = slot->partition;
  if (const Instance *lost = instance_in(holding, slot->partition);
      lost != nullptr && lost->metadata.version != step.fields.version)
    step.displaced = *lost;
}

void check_label(const Step &step)
{
  if (!verity::label_fits(step.name))
    base::fail(base::Kind::config,
               "the partition label \"{}\" is too long: a GPT label holds 36 UTF-16 units; shorten "
               "the target's MatchPattern=",
               step.name);
}

void check_file_name(const Step &step)
{
  const auto is_bad = [](const std::string &part) {
    return part.empty() || part == "." || part == ".." || part.size() > 255;
  };
  std::size_t start = 0;
  for (std::size_t slash = 0; slash != std::string::npos; start = slash + 1) {
    slash = step.name.find('/', start);
    if (is_bad(step.name.substr(start, slash == std::string::npos ? slash : slash - start)))
      base::fail(base::Kind::config,
                 "\"{}\" is not suitable as a file name; correct the target's MatchPattern=",
                 step.name);
    if (slash == std::string::npos)
      break;
  }
}

void check_limits(std::uint64_t allowed)
{
  if (allowed < 2)
    base::fail(base::Kind::usage,
               "{} instances are allowed, but an update needs 2: the one in effect and the new one",
               allowed);
}

void plan_acquisition(Step &step, const Holding &holding, const Part &part, const Limits &limits)
{
  if (!part.on_source)
    base::fail(base::Kind::not_found, "version {} is not on offer", step.fields.version);
  const Transfer &transfer = holding.transfer;
  step.action = Action::acquire;
  step.fields = fields_for(transfer, *part.on_source);
  step.name = transfer.target.patterns.front().format(step.fields);
  const std::uint64_t allowed = instances_allowed(transfer, limits);
  check_limits(allowed);
  step.victims = oldest_beyond(holding, limits, allowed - 1, step.fields.version);
  if (transfer.target.kind != ResourceKind::partition) {
    check_file_name(step);
    return;
  }
  check_label(step);
  choose_slot(step, holding, limits);
  // The slot that is written is the first victim; it must not be counted, or emptied, twice.
  std::erase_if(step.victims,
                [&](const Instance &victim) { return victim.partition == step.partition; });
}

Step plan_step(std::size_t index,
               const Holding &holding,
               const UpdateSet &set,
               const Limits &limits)
{
  Step step;
  step.transfer = index;
  step.fields.version = set.version;
  const Part &part = set.parts[index];
  if (part.has(Presence::installed)) {
    step.name = part.on_target->name;
    step.partition = part.on_target->partition;
    return step;
  }
  if (part.has(Presence::pending)) {
    step.action = Action::publish;
    step.fields = part.on_source ? fields_for(holding.transfer, *part.on_source)
                                 : fields_for(holding.transfer, *part.on_target);
    step.name = unmarked(part.on_target->name);
    step.partition = part.on_target->partition;
    const std::uint64_t allowed = instances_allowed(holding.transfer, limits);
    step.victims = oldest_beyond(holding, limits, allowed - 1, set.version);
    return step;
  }
  plan_acquisition(step, holding, part, limits);
  return step;
}

/// The holding as a later step has to see it: of two transfers with one partition type each finds
/// the same slots empty, but what an earlier step is going to write is empty no more.
Holding
after_steps(Holding holding, const std::vector<Holding> &holdings, const std::vector<Step> &steps)
{
  for (const Step &step : steps) {
    const Holding &other = holdings[step.transfer];
    if (step.action != Action::acquire || other.target_path != holding.target_path)
      continue;
    for (Slot &slot : holding.slots)
      if (slot.partition == step.partition)
        slot.in_use = "taken for " + other.transfer.id;
  }
  return holding;
}

/// The boot loader counts the tries of some part, and has tried it at least `tries` times.
bool is_counted(const UpdateSet &set, std::uint64_t tries)
{
  return std::any_of(set.parts.begin(), set.parts.end(), [&](const Part &part) {
    return part.on_target && part.on_target->metadata.tries_left &&
           part.on_target->metadata.tries_done.value_or(0) >= tries;
  });
}

} // namespace

std::string version_on_trial(const Catalog &catalog, const Running &running)
{
  // A counter that no boot has touched belongs to a loader that doesn't count, or was not asked.
  const UpdateSet *set = catalog.find(running.version);
  const std::uint64_t tries = running.was_handed_over ? 0 : 1;
  return set != nullptr && is_counted(*set, tries) ? running.version : "";
}

std::set<std::string> versions_to_keep(const Catalog &catalog, const Running &running)
{
  const UpdateSet *present = catalog.find(running.version);
  if (present != nullptr && present->installed) {
    const bool is_on_trial = !version_on_trial(catalog, running).empty();
    if (present->is_whole() && !is_on_trial)
      return {running.version};
    for (const UpdateSet &set : catalog.sets)
      if (&set != present && set.is_whole() && !(is_on_trial && is_counted(set, 0)))
        return {running.version, set.version};
    return {running.version};
  }
  for (const UpdateSet &set : catalog.sets)
    if (set.is_whole())
      return {set.version};
  return {};
}

Metadata fields_for(const Transfer &transfer, const Instance &source)
{
  const Target &target = transfer.target;
  Metadata fields = source.metadata;
  if (is_tar(transfer.source.kind)) { // the archive says these itself
    fields.modified_us.reset();
    fields.mode.reset();
  }
  const auto prefer = [](auto &field, const auto &configured) {
    if (configured)
      field = configured;
  };
  prefer(fields.partition_uuid, target.partition_uuid);
  prefer(fields.partition_flags, target.partition_flags);
  prefer(fields.no_auto, target.no_auto);
  prefer(fields.grow_file_system, target.grow_file_system);
  prefer(fields.read_only, target.read_only);
  prefer(fields.mode, target.mode);
  prefer(fields.tries_left, target.tries_left);
  prefer(fields.tries_done, target.tries_done);
  fields.tries_left =
      fields.tries_left.value_or(verity::has_boot_marks(target.partition_type.uuid) ? 1 : 3);
  fields.tries_done = fields.tries_done.value_or(0);
  return fields;
}

UpdatePlan
plan_update(const std::vector<Holding> &holdings, const UpdateSet &set, const Limits &limits)
{
  UpdatePlan plan;
  plan.version = set.version;
  for (std::size_t index = 0; index < holdings.size(); ++index)
    plan.steps.push_back(base::during(holdings[index].transfer.id, [&] {
      return plan_step(index, after_steps(holdings[index], holdings, plan.steps), set, limits);
    }));
  for (const Step &step : plan.steps)
    if (step.displaced && step.displaced->presence == Presence::installed)
      plan.displaced_versions.insert(step.displaced->metadata.version);
  return plan;
}

std::vector<Instance> vacuum_victims(const Holding &holding, const Limits &limits)
{
  std::vector<Instance> victims;
  for (const Instance &instance : holding.installed)
    if (instance.presence != Presence::installed &&
        !must_stay(holding, limits, instance.metadata.version) && !is_in_use(holding, instance))
      victims.push_back(instance);
  const std::uint64_t allowed =
      std::max<std::uint64_t>(1, instances_allowed(holding.transfer, limits));
  for (Instance &instance : oldest_beyond(holding, limits, allowed, ""))
    victims.push_back(std::move(instance));
  return victims;
}

std::vector<Instance> disabled_victims(const Holding &holding, const Limits &limits)
{
  std::vector<Instance> victims;
  for (const Instance &instance : holding.installed) {
    const auto &listed = holding.transfer.protect_versions;
    const bool listed_here =
        std::find(listed.begin(), listed.end(), instance.metadata.version) != listed.end();
    if (!listed_here && !is_in_use(holding, instance))
      victims.push_back(instance);
  }
  (void)limits;
  return victims;
}

} // namespace updater
