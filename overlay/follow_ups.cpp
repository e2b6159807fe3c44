// SPDX-License-Identifier: Apache-2.0
#include "overlay/follow_ups.hpp"

#include "base/parse.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace overlay {

namespace {

/// As systemd.unit(5) has them. A word that begins with "-" would be an option to systemctl.
bool is_unit_name(std::string_view text)
{
  constexpr std::size_t longest = 255;
  constexpr std::array<std::string_view, 11> types = {".service",
                                                      ".socket",
                                                      ".device",
                                                      ".mount",
                                                      ".automount",
                                                      ".swap",
                                                      ".target",
                                                      ".path",
                                                      ".timer",
                                                      ".slice",
                                                      ".scope"};
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789:-_.\\@";
  const bool has_type = std::any_of(types.begin(), types.end(), [&](std::string_view type) {
    return text.size() > type.size() && text.ends_with(type);
  });
  return has_type && text.size() <= longest && !text.starts_with('-') && !text.starts_with('@') &&
         text.find_first_not_of(letters) == std::string_view::npos;
}

void add_once(std::vector<std::string> &list, const std::string &word)
{
  if (std::find(list.begin(), list.end(), word) == list.end())
    list.push_back(word);
}

} // namespace

FollowUps follow_ups(const Release &release)
{
  FollowUps result;
  for (const std::string &word : words_of(value_of(release, "EXTENSION_RESTART_UNITS")))
    add_once(is_unit_name(word) ? result.restart_units : result.refused, word);
  for (const std::string &word : words_of(value_of(release, "EXTENSION_RELOAD_OR_RESTART_UNITS"))) {
    const auto &restarted = result.restart_units;
    if (!is_unit_name(word))
      add_once(result.refused, word);
    else if (std::find(restarted.begin(), restarted.end(), word) == restarted.end())
      add_once(result.reload_or_restart_units, word);
  }
  result.reload_manager =
      base::parse_boolean(value_of(release, "EXTENSION_RELOAD_MANAGER")).value_or(false) ||
      !result.restart_units.empty() || !result.reload_or_restart_units.empty();
  return result;
}

void add_wishes(FollowUps &wishes, const FollowUps &more)
{
  wishes.reload_manager |= more.reload_manager;
  for (const std::string &unit : more.restart_units)
    add_once(wishes.restart_units, unit);
  for (const std::string &unit : more.reload_or_restart_units)
    add_once(wishes.reload_or_restart_units, unit);
  std::erase_if(wishes.reload_or_restart_units, [&](const std::string &unit) {
    const auto &restarted = wishes.restart_units;
    return std::find(restarted.begin(), restarted.end(), unit) != restarted.end();
  });
}

} // namespace overlay
