// SPDX-License-Identifier: Apache-2.0
#include "overlay/aftermath.hpp"

#include "base/printable.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace overlay {

namespace {

void add_topics(Topics &topics, const Topics &more)
{
  for (const auto &[topic, names] : more)
    for (auto &known = topics[topic]; const std::string &name : names)
      if (std::find(known.begin(), known.end(), name) == known.end())
        known.push_back(name);
}

/// What is left to do about an extension that is not there any more.
Topics topics_of_gone(const UsedExtension &used)
{
  Topics topics;
  for (const auto &[topic, names] : used.topics)
    if (facts(topic).files == TopicFacts::Files::are_all_read)
      topics[topic];
  return topics;
}

bool is_in(const UsedExtension &used, const UsedSet &set)
{
  const UsedExtension *other = set.find(used.candidate.image.name);
  return other != nullptr && is_same(used.candidate.identity, other->candidate.identity, Boot::any);
}

} // namespace

Aftermath aftermath_of(const UsedSet &before, const UsedSet &after)
{
  Aftermath aftermath;
  for (const UsedExtension *used : before.all())
    if (!is_in(*used, after))
      add(aftermath, {topics_of_gone(*used), used->wishes});
  for (const UsedExtension *used : after.all())
    if (!is_in(*used, before))
      add(aftermath, {used->topics, used->wishes});
  return aftermath;
}

void add(Aftermath &aftermath, const Aftermath &more)
{
  add_topics(aftermath.topics, more.topics);
  add_wishes(aftermath.wishes, more.wishes);
}

Aftermath without(Aftermath aftermath, const AftermathSettings &settings)
{
  if (aftermath.wishes.reload_manager)
    aftermath.topics[Topic::units];
  for (const Topic topic : settings.without)
    aftermath.topics.erase(topic);
  if (!settings.units) {
    aftermath.wishes.restart_units.clear();
    aftermath.wishes.reload_or_restart_units.clear();
  }
  return aftermath;
}

std::vector<std::string> command_for(Topic topic, const std::vector<std::string> &files)
{
  const auto &command = facts(topic).command;
  std::vector<std::string> words(command.begin(), command.end());
  words.insert(words.end(), files.begin(), files.end());
  return words;
}

std::vector<std::string> shown_commands(const Aftermath &aftermath)
{
  std::vector<std::string> shown;
  for (const auto &[topic, files] : aftermath.topics)
    shown.push_back(base::printable(fmt::format("{}", fmt::join(command_for(topic, files), " "))));
  for (const std::string &unit : aftermath.wishes.restart_units)
    shown.push_back("systemctl restart " + unit);
  for (const std::string &unit : aftermath.wishes.reload_or_restart_units)
    shown.push_back("systemctl reload-or-restart " + unit);
  return shown;
}

} // namespace overlay
