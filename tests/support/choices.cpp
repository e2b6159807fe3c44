// SPDX-License-Identifier: Apache-2.0
#include "support/choices.hpp"

#include <algorithm>
#include <set>

namespace support {

namespace {

Choice newest(const std::vector<Axis> &axes)
{
  Choice choice;
  for (const Axis &axis : axes)
    choice.push_back(axis.effects.size());
  return choice;
}

// As if everything were written in the order it was made, up to one effect.
Choice made_until(const std::vector<Axis> &axes, std::size_t effect)
{
  Choice choice;
  for (const Axis &axis : axes)
    choice.push_back(static_cast<std::size_t>(
        std::upper_bound(axis.effects.begin(), axis.effects.end(), effect) - axis.effects.begin()));
  return choice;
}

// As if the latest were written first.
Choice made_since(const std::vector<Axis> &axes, std::size_t effect)
{
  Choice choice;
  for (const Axis &axis : axes)
    choice.push_back(axis.effects.back() >= effect ? axis.effects.size() : 0);
  return choice;
}

bool in_order(const std::vector<Axis> &axes, const ChoiceVisitor &visit)
{
  std::set<std::size_t> effects;
  for (const Axis &axis : axes)
    effects.insert(axis.effects.begin(), axis.effects.end());
  return std::all_of(effects.begin(), effects.end(), [&](std::size_t effect) {
    return visit(made_until(axes, effect)) && visit(made_since(axes, effect));
  });
}

bool one_apart(const std::vector<Axis> &axes, const ChoiceVisitor &visit)
{
  for (std::size_t index = 0; index < axes.size(); ++index) {
    Choice alone(axes.size());
    alone[index] = axes[index].effects.size();
    Choice missing = newest(axes);
    missing[index] = 0;
    if (!visit(alone) || !visit(missing))
      return false;
  }
  return true;
}

std::vector<NodeId> groups_of(const std::vector<Axis> &axes)
{
  std::set<NodeId> groups;
  for (const Axis &axis : axes)
    groups.insert(axis.group);
  return {groups.begin(), groups.end()};
}

// Whole files and directories, new or old.
bool by_group(const std::vector<Axis> &axes, const ChoiceVisitor &visit)
{
  constexpr std::size_t most_groups = 6;
  const std::vector<NodeId> groups = groups_of(axes);
  const std::size_t counted = std::min(groups.size(), most_groups);
  for (std::size_t subset = 0; subset < (std::size_t{1} << counted); ++subset) {
    Choice choice = newest(axes);
    for (std::size_t index = 0; index < axes.size(); ++index) {
      const auto group = static_cast<std::size_t>(
          std::find(groups.begin(), groups.end(), axes[index].group) - groups.begin());
      if (group < counted && (subset >> group & 1U) == 0)
        choice[index] = 0;
    }
    if (!visit(choice))
      return false;
  }
  return true;
}

// A third of them about even, a third with most written, a third with little written.
Choice at_random(const std::vector<Axis> &axes, std::size_t round, std::mt19937_64 &random)
{
  Choice choice;
  for (const Axis &axis : axes) {
    const std::size_t any = random() % (axis.effects.size() + 1);
    const bool is_plain = random() % 8 != 0;
    if (round % 3 == 1 && is_plain)
      choice.push_back(axis.effects.size());
    else if (round % 3 == 2 && is_plain)
      choice.push_back(0);
    else
      choice.push_back(any);
  }
  return choice;
}

} // namespace

std::size_t combinations(const std::vector<Axis> &axes, std::size_t limit)
{
  std::size_t count = 1;
  for (const Axis &axis : axes) {
    count *= axis.effects.size() + 1;
    if (count > limit)
      return limit + 1;
  }
  return count;
}

bool every_choice(const std::vector<Axis> &axes, const ChoiceVisitor &visit)
{
  Choice choice(axes.size());
  for (;;) {
    if (!visit(choice))
      return false;
    std::size_t index = 0;
    while (index < axes.size() && choice[index] == axes[index].effects.size())
      choice[index++] = 0;
    if (index == axes.size())
      return true;
    ++choice[index];
  }
}

bool some_choices(const std::vector<Axis> &axes,
                  std::size_t random_count,
                  std::mt19937_64 &random,
                  const ChoiceVisitor &visit)
{
  if (!visit(Choice(axes.size())) || !visit(newest(axes)) || !in_order(axes, visit) ||
      !one_apart(axes, visit) || !by_group(axes, visit))
    return false;
  for (std::size_t round = 0; round < random_count; ++round)
    if (!visit(at_random(axes, round, random)))
      return false;
  return true;
}

} // namespace support
