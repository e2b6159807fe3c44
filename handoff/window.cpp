// SPDX-License-Identifier: Apache-2.0
#include "handoff/window.hpp"

#include "base/parse.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace handoff {

namespace {

using std::chrono::minutes;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 7> day_names = {
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr minutes day{24 * 60};

std::optional<std::size_t> day_of(std::string_view name)
{
  const auto found = std::find(day_names.begin(), day_names.end(), name);
  return found == day_names.end()
             ? std::nullopt
             : std::optional(static_cast<std::size_t>(found - day_names.begin()));
}

/// "Mon", or "Fri..Mon".
bool add_days(std::string_view text, std::array<bool, 7> &days)
{
  const std::size_t dots = text.find("..");
  const auto first = day_of(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : day_of(text.substr(dots + 2));
  if (!first || !last)
    return false;
  for (std::size_t each = *first;; each = (each + 1) % days.size()) {
    days.at(each) = true;
    if (each == *last)
      return true;
  }
}

std::optional<std::array<bool, 7>> parse_days(std::string_view text)
{
  std::array<bool, 7> days{};
  for (;;) {
    const std::size_t comma = text.find(',');
    if (!add_days(text.substr(0, comma), days))
      return std::nullopt;
    if (comma == std::string_view::npos)
      return days;
    text.remove_prefix(comma + 1);
  }
}

/// "04:20"; up to "24:00".
std::optional<minutes> parse_time(std::string_view text)
{
  if (text.size() != 5 || text[2] != ':')
    return std::nullopt;
  const auto hour = base::parse_number(text.substr(0, 2));
  const auto minute = base::parse_number(text.substr(3));
  if (!hour || !minute || *minute > 59)
    return std::nullopt;
  const minutes time{*hour * 60 + *minute};
  return time > day ? std::nullopt : std::optional(time);
}

bool parse_hours(std::string_view text, Window &window)
{
  const std::size_t dash = text.find('-');
  const auto begin = parse_time(text.substr(0, dash));
  const auto end =
      dash == std::string_view::npos ? std::nullopt : parse_time(text.substr(dash + 1));
  if (!begin || !end || *begin == day)
    return false;
  window.begin = *begin;
  window.end = *end;
  return true;
}

/// An empty name is local time. Null if the database has no such zone, or nothing says what is
/// local.
const date::time_zone *find_zone(const std::string &name)
{
  try {
    return name.empty() ? date::current_zone() : date::locate_zone(name);
  } catch (const std::runtime_error &) { // its way to say so
    return nullptr;
  }
}

/// Where nothing says what is local systemd takes UTC, too.
const date::time_zone *zone_of(const Window &window)
{
  const date::time_zone *zone = find_zone(window.zone);
  return zone == nullptr && window.zone.empty() ? find_zone("UTC") : zone;
}

std::vector<std::string> words_of(std::string_view text)
{
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  return words;
}

/// Of the window that begins on this day.
Opening opening_on(const Window &window, const date::time_zone &zone, date::local_days on)
{
  const auto at = [&](minutes time) {
    return date::floor<std::chrono::seconds>(zone.to_sys(on + time, date::choose::earliest));
  };
  return {at(window.begin), at(window.end > window.begin ? window.end : window.end + day)};
}

} // namespace

WindowReading read_window(std::string_view text)
{
  Window window;
  std::vector<std::string> words = words_of(text);
  if (words.size() > 1 && words.front().find(':') == std::string::npos) {
    const auto days = parse_days(words.front());
    if (!days)
      return {{}, fmt::format("{} names no days, as Mon or Mon..Fri,Sun do", words.front())};
    window.days = *days;
    words.erase(words.begin());
  } else {
    window.days.fill(true);
  }
  if (words.empty() || words.size() > 2 || !parse_hours(words.front(), window))
    return {{}, "it is not of the form [DAYS] HH:MM-HH:MM [ZONE]"};
  if (words.size() == 2) {
    window.zone = words.back();
    if (find_zone(window.zone) == nullptr)
      return {{}, fmt::format("no time zone {} is known here", window.zone)};
  }
  return {window, {}};
}

std::optional<Opening> next_opening(const std::vector<Window> &windows, sys_seconds now)
{
  std::optional<Opening> next;
  for (const Window &window : windows) {
    const date::time_zone *zone = zone_of(window);
    if (zone == nullptr) // the database has lost it since
      continue;
    const auto today = date::floor<date::days>(zone->to_local(now));
    // Yesterday's may reach into today; a week and a day has one of each day of the week.
    for (int offset = -1; offset <= 8; ++offset) {
      const date::local_days on = today + date::days(offset);
      const unsigned weekday = date::weekday(on).iso_encoding() - 1;
      const Opening opening = opening_on(window, *zone, on);
      if (window.days.at(weekday) && opening.begin < opening.end && now < opening.end &&
          (!next || opening.begin < next->begin))
        next = opening;
    }
  }
  return next;
}

} // namespace handoff
