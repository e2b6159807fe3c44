// SPDX-License-Identifier: Apache-2.0
#include "updater/system_set.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

#include <nlohmann/json.hpp>

namespace updater {

namespace {

using Json = nlohmann::json;

constexpr const char *file_name = "sets.json";

} // namespace

SystemSets read_system_sets(const base::Dir &state)
{
  const auto text = state.text(file_name);
  if (!text)
    return {};
  const Json json = Json::parse(*text, nullptr, false);
  try {
    return {.sets = json.at("sets").get<std::map<std::string, SystemSet>>(),
            .followed = json.at("followed").get<std::string>(),
            .following = json.at("following").get<std::string>()};
  } catch (const Json::exception &wrong) {
    base::fail(base::Kind::config,
               "{} does not say which extensions go with which system ({}); correct it, or delete "
               "it: then those that are in use now stay in use",
               state.display(file_name),
               wrong.what());
  }
}

void write_system_sets(base::Sys &sys, const base::Dir &state, const SystemSets &sets)
{
  const Json json = {
      {"sets", sets.sets}, {"followed", sets.followed}, {"following", sets.following}};
  base::replace_file(
      sys, state, file_name, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::set<std::string> versions_needed(const SystemSets &sets, const std::string &component)
{
  std::set<std::string> versions;
  for (const auto &[system, set] : sets.sets)
    if (const auto found = set.find(component); found != set.end() && !found->second.empty())
      versions.insert(found->second);
  return versions;
}

} // namespace updater
