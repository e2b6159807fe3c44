// SPDX-License-Identifier: Apache-2.0
#include "updater/policy.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace updater {

namespace {

using Json = nlohmann::json;

std::string file_name(const std::string &component)
{
  return component.empty() ? "policy.json" : fmt::format("policy.{}.json", component);
}

Policy from_json(const Json &json)
{
  Policy policy;
  policy.pin = json.value("pin", "");
  policy.hold = json.value("hold", false);
  policy.skipped = json.value("skipped", std::vector<std::string>{});
  policy.rolled_back_to = json.value("rolledBackTo", "");
  return policy;
}

Json to_json(const Policy &policy)
{
  return {{"pin", policy.pin},
          {"hold", policy.hold},
          {"skipped", policy.skipped},
          {"rolledBackTo", policy.rolled_back_to}};
}

} // namespace

std::optional<std::string> objection(const Policy &policy, const std::string &version)
{
  if (policy.hold)
    return "updates are on hold; lift it with \"strake release\"";
  if (!policy.pin.empty() && policy.pin != version)
    return fmt::format("this machine is pinned to {}; lift it with \"strake release\"", policy.pin);
  if (std::find(policy.skipped.begin(), policy.skipped.end(), version) != policy.skipped.end())
    return fmt::format("it is to be skipped; lift it with \"strake release {}\"", version);
  return std::nullopt;
}

Policy read_policy(const base::Dir &state, const std::string &component)
{
  const std::string name = file_name(component);
  const auto text = state.text(name);
  if (!text)
    return {};
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object())
    base::fail(base::Kind::config,
               "{} is not the JSON object it should be; correct it, or delete it to forget every "
               "pin, hold and skip",
               state.display(name));
  try {
    return from_json(json);
  } catch (const Json::exception &wrong) {
    base::fail(base::Kind::config,
               "{} has a field of the wrong type ({}); correct it, or delete it to forget every "
               "pin, hold and skip",
               state.display(name),
               wrong.what());
  }
}

void write_policy(base::Sys &sys,
                  const base::Dir &state,
                  const std::string &component,
                  const Policy &policy)
{
  base::replace_file(sys, state, file_name(component), to_json(policy).dump(2) + "\n");
}

void pass_rollback(base::Sys &sys,
                   const base::Dir &state,
                   const std::string &component,
                   const std::string &version)
{
  Policy policy = read_policy(state, component);
  if (policy.rolled_back_to.empty() || base::compare_versions(version, policy.rolled_back_to) <= 0)
    return;
  policy.rolled_back_to.clear();
  write_policy(sys, state, component, policy);
}

} // namespace updater
