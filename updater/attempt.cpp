// SPDX-License-Identifier: Apache-2.0
#include "updater/attempt.hpp"

#include "base/durable.hpp"
#include "base/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace updater {

namespace {

using Json = nlohmann::json;

std::string file_name(const std::string &component)
{
  return component.empty() ? "attempt.json" : fmt::format("attempt.{}.json", component);
}

} // namespace

std::optional<Attempt> read_attempt(const base::Dir &state, const std::string &component)
{
  const auto text = state.text(file_name(component));
  if (!text)
    return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  const auto word = [&](const char *name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (!json.is_object() || word("version").empty())
    return std::nullopt;
  return Attempt{word("version"),
                 word("failure"),
                 word("link") == "stays" ? CurrentLink::stays : CurrentLink::follows};
}

void write_attempt(base::Sys &sys,
                   const base::Dir &state,
                   const std::string &component,
                   const Attempt &attempt)
{
  const Json json = {{"version", attempt.version},
                     {"failure", attempt.failure},
                     {"link", attempt.link == CurrentLink::stays ? "stays" : "follows"}};
  base::replace_file(sys,
                     state,
                     file_name(component),
                     json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void forget_attempt(base::Sys &sys, const base::Dir &state, const std::string &component)
{
  if (!state.status(file_name(component)))
    return;
  sys.remove(state, file_name(component), base::Remove::file);
  sys.sync(state);
}

void show_attempt(Catalog &catalog, const Attempt &attempt, std::size_t transfers)
{
  for (UpdateSet &set : catalog.sets)
    if (set.version == attempt.version) {
      set.partial |= !set.is_whole();
      return;
    }
  UpdateSet set;
  set.version = attempt.version;
  set.parts.resize(transfers);
  set.partial = true;
  const auto place =
      std::find_if(catalog.sets.begin(), catalog.sets.end(), [&](const UpdateSet &other) {
        return base::compare_versions(other.version, set.version) < 0;
      });
  const auto index = static_cast<std::size_t>(place - catalog.sets.begin());
  for (auto *kept : {&catalog.newest_installed, &catalog.candidate})
    if (*kept && **kept >= index)
      ++**kept;
  catalog.sets.insert(place, std::move(set));
}

} // namespace updater
