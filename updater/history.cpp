// SPDX-License-Identifier: Apache-2.0
#include "updater/history.hpp"

#include "base/durable.hpp"
#include "updater/announcement.hpp"
#include "updater/state.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace updater {

namespace {

using Json = nlohmann::json;

constexpr std::size_t events_kept = 1000;
constexpr const char *file_name = "history.jsonl";
constexpr std::size_t size_limit = std::size_t{16} << 20U;

std::string line_of(const Event &event)
{
  const Json json = {{"time", event.time},
                     {"action", event.action},
                     {"component", event.component},
                     {"version", event.version},
                     {"outcome", event.outcome},
                     {"detail", event.detail}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_field(const Json &json, const char *name)
{
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

Event event_of(const Json &json)
{
  const auto time = json.find("time");
  return {.time = time != json.end() && time->is_number_integer() ? time->get<std::int64_t>() : 0,
          .action = text_field(json, "action"),
          .component = text_field(json, "component"),
          .version = text_field(json, "version"),
          .outcome = text_field(json, "outcome"),
          .detail = text_field(json, "detail")};
}

bool is_newest(const std::vector<Event> &history, const Event &event)
{
  const auto newest = std::find_if(history.rbegin(), history.rend(), [&](const Event &each) {
    return each.action == event.action && each.component == event.component;
  });
  return newest != history.rend() && newest->version == event.version &&
         newest->outcome == event.outcome && newest->detail == event.detail;
}

} // namespace

std::vector<Event> read_history(const base::Dir &state)
{
  std::vector<Event> events;
  std::istringstream lines(state.text(file_name, size_limit).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object())
      events.push_back(event_of(json));
  }
  return events;
}

void record(const base::Host &host, const base::Dir &state, Event event)
{
  event.time = host.clock.now().time_since_epoch().count();
  std::vector<Event> events = read_history(state);
  events.push_back(event);
  const std::size_t first = events.size() > events_kept ? events.size() - events_kept : 0;
  std::string text;
  for (std::size_t index = first; index < events.size(); ++index)
    text += line_of(events[index]) + "\n";
  base::replace_file(host.sys, state, file_name, text);
  announce(host, event);
}

void note(const base::Host &host, Event event)
{
  const base::Dir state = open_state(host);
  const Lock lock = take_lock(host, state);
  record(host, state, std::move(event));
}

void note_news(const base::Host &host, Event event)
{
  const base::Dir state = open_state(host);
  const Lock lock = take_lock(host, state);
  if (!is_newest(read_history(state), event))
    record(host, state, std::move(event));
}

} // namespace updater
