// SPDX-License-Identifier: Apache-2.0
#include "bakery/published_names.hpp"

#include "base/durable.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace bakery {

namespace {

using Json = nlohmann::json;

constexpr const char *file_name = "names.jsonl";
constexpr std::size_t size_limit = std::size_t{256} << 20U;

std::string line_of(const std::string &name, const PublishedName &published)
{
  Json json = {{"name", name}, {"sha256", verity::hex(published.sha256)}, {"size", published.size}};
  if (published.modified_us)
    json["modified"] = *published.modified_us;
  if (published.unnamed_since)
    json["unnamedSince"] = published.unnamed_since->time_since_epoch().count();
  return json.dump() + "\n";
}

std::optional<std::int64_t> number_in(const Json &json, const char *key)
{
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer()
             ? std::optional(found->get<std::int64_t>())
             : std::nullopt;
}

void read_line(PublishedNames &names, std::string_view line)
{
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.value("name", Json()).is_string() ||
      !json.value("sha256", Json()).is_string() || !json.value("size", Json()).is_number_unsigned())
    return;
  const auto digest = verity::parse_sha256(json["sha256"].get<std::string>());
  if (!digest)
    return;
  PublishedName &published = names[json["name"].get<std::string>()];
  published = {.sha256 = *digest,
               .size = json["size"].get<std::uint64_t>(),
               .modified_us = number_in(json, "modified"),
               .unnamed_since = {}};
  if (const auto since = number_in(json, "unnamedSince"))
    published.unnamed_since = std::chrono::sys_seconds(std::chrono::seconds(*since));
}

} // namespace

PublishedNames read_published_names(const base::Dir &records)
{
  PublishedNames names;
  const std::string text = records.text(file_name, size_limit).value_or("");
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    read_line(names, std::string_view(text).substr(start, end - start));
    start = end + 1;
  }
  return names;
}

void write_published_names(base::Sys &sys, const base::Dir &records, const PublishedNames &names)
{
  std::string text;
  for (const auto &[name, published] : names)
    text += line_of(name, published);
  base::replace_file(sys, records, file_name, text);
}

} // namespace bakery
