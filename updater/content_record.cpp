// SPDX-License-Identifier: Apache-2.0
#include "updater/content_record.hpp"

#include "base/durable.hpp"

#include <nlohmann/json.hpp>

namespace updater {

namespace {

using Json = nlohmann::json;

std::string file_name(const std::string &component)
{
  return component.empty() ? "contents.json" : fmt::format("contents.{}.json", component);
}

bool is_known(const Inventory &inventory, const std::string &key)
{
  for (const Holding &holding : inventory.holdings)
    for (const Instance &instance : holding.installed)
      if (content_key(holding.transfer.id, instance.metadata.version) == key)
        return true;
  return false;
}

} // namespace

std::string content_key(const std::string &transfer, const std::string &version)
{
  return transfer + " " + version;
}

ContentRecord read_content_record(const base::Dir &state, const std::string &component)
{
  ContentRecord record;
  const Json json = Json::parse(state.text(file_name(component)).value_or("{}"), nullptr, false);
  if (!json.is_object())
    return record;
  for (const auto &[key, value] : json.items()) {
    if (!value.is_object() || !value.value("length", Json()).is_number_unsigned() ||
        !value.value("sha256", Json()).is_string())
      continue;
    if (const auto digest = verity::parse_sha256(value["sha256"].get<std::string>()))
      record[key] = {value["length"].get<std::uint64_t>(), *digest};
  }
  return record;
}

void record_content(const base::Host &host, const base::Dir &state, const Staged &staged)
{
  const std::string &component = staged.inventory.component;
  ContentRecord record = read_content_record(state, component);
  std::erase_if(record, [&](const auto &item) { return !is_known(staged.inventory, item.first); });
  for (const StagedPart &part : staged.parts)
    if (!part.tree)
      record[content_key(staged.inventory.holdings[part.step->transfer].transfer.id,
                         staged.plan.version)] = part.written;
  Json json = Json::object();
  for (const auto &[key, written] : record)
    json[key] = {{"length", written.length}, {"sha256", verity::hex(written.sha256)}};
  base::replace_file(host.sys, state, file_name(component), json.dump(1) + "\n");
}

} // namespace updater
