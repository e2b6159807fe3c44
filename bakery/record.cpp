// SPDX-License-Identifier: Apache-2.0
#include "bakery/record.hpp"

#include "bakery/identity.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <span>

namespace bakery {

namespace {

using Value = nlohmann::ordered_json;

/// To be raised whenever this code makes other bytes of the same inputs.
constexpr unsigned revision = 2;

std::string_view kind_name(SourceKind kind)
{
  switch (kind) {
  case SourceKind::file:
    return "file";
  case SourceKind::directory:
    return "directory";
  case SourceKind::url:
    return "url";
  case SourceKind::package:
    return "package";
  }
  return "?";
}

Value source_value(const Input &input)
{
  Value value{{"id", input.id}, {std::string(kind_name(input.kind)), input.place}};
  if (!input.package_version.empty())
    value["version"] = input.package_version;
  value["sha256"] = verity::hex(input.sha256);
  return value;
}

Value inputs_value(const Inputs &inputs)
{
  Value sources = Value::array();
  for (const Input &input : inputs.sources)
    sources.push_back(source_value(input));
  Value value{{"recipe", inputs.recipe_sha256},
              {"image", inputs.name},
              {"architecture", inputs.architecture},
              {"time", inputs.time},
              {"maker", inputs.maker},
              {"revision", revision},
              {"sources", std::move(sources)}};
  if (inputs.size_limit)
    value["sizeLimit"] = *inputs.size_limit;
  for (const Allowance &each : inputs.allowed)
    value["allow"][each.rule] = each.reason;
  return value;
}

std::string text_of(const Value &value)
{
  // Names of files may be in any charset; JSON has one.
  return value.dump(2, ' ', false, Value::error_handler_t::replace) + "\n";
}

std::optional<std::string> text_in(const Value &object, const char *name)
{
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    return std::nullopt;
  return found->get<std::string>();
}

std::optional<verity::Sha256> digest_in(const Value &object, const char *name)
{
  const auto text = text_in(object, name);
  return text ? verity::parse_sha256(*text) : std::nullopt;
}

void read_lint_settings(Record &record, const Value &value)
{
  const auto inputs = value.find("inputs");
  if (inputs == value.end() || !inputs->is_object())
    return;
  if (const auto limit = inputs->find("sizeLimit");
      limit != inputs->end() && limit->is_number_unsigned())
    record.size_limit = limit->get<std::uint64_t>();
  const auto allowed = inputs->find("allow");
  if (allowed == inputs->end() || !allowed->is_object())
    return;
  for (const auto &[rule, reason] : allowed->items())
    if (reason.is_string())
      record.allowed.push_back({.rule = rule, .reason = reason.get<std::string>()});
}

std::string iso_time(std::uint64_t seconds)
{
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  return fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

/// SPDX has few letters for its identifiers.
std::string spdx_id(std::string_view kind, std::string_view name)
{
  std::string id = fmt::format("SPDXRef-{}-", kind);
  for (const char one : name)
    id += (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9') ||
                  one == '.'
              ? one
              : '-';
  return id;
}

Value checksum(std::string_view sha256)
{
  return Value::array({{{"algorithm", "SHA256"}, {"checksumValue", sha256}}});
}

Value package_value(const std::string &id,
                    const std::string &name,
                    const std::string &version,
                    std::string_view sha256)
{
  Value value{{"SPDXID", id}, {"name", name}};
  if (!version.empty())
    value["versionInfo"] = version;
  value["downloadLocation"] = "NOASSERTION";
  value["filesAnalyzed"] = false;
  value["checksums"] = checksum(sha256);
  return value;
}

Value part_value(const Gathered &source)
{
  const Input &input = source.input;
  const std::string name = source.package ? source.package->name : input.place;
  Value value = package_value(
      spdx_id("Source", input.id), name, input.package_version, verity::hex(input.sha256));
  if (input.kind == SourceKind::url)
    value["downloadLocation"] = input.place;
  if (source.package)
    value["externalRefs"] = Value::array({{{"referenceCategory", "PACKAGE-MANAGER"},
                                           {"referenceType", "purl"},
                                           {"referenceLocator",
                                            fmt::format("pkg:deb/debian/{}@{}?arch={}",
                                                        source.package->name,
                                                        source.package->version,
                                                        source.package->architecture)}}});
  return value;
}

Value relation(const std::string &from, std::string_view type, const std::string &to)
{
  return {{"spdxElementId", from}, {"relationshipType", type}, {"relatedSpdxElement", to}};
}

} // namespace

std::string stamp_of(const Inputs &inputs)
{
  const std::string text = text_of(inputs_value(inputs));
  return verity::hex(verity::digest_of(std::as_bytes(std::span(text))));
}

std::string encode_record(const Inputs &inputs, const Made &made)
{
  Value image{{"size", made.size}, {"sha256", made.sha256}};
  if (made.root_hash)
    image["rootHash"] = verity::hex(*made.root_hash);
  if (made.signer)
    image["signer"] = verity::hex(*made.signer);
  return text_of(
      {{"stamp", stamp_of(inputs)}, {"inputs", inputs_value(inputs)}, {"image", std::move(image)}});
}

std::optional<Record> parse_record(std::string_view text)
{
  const Value value = Value::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("image") || !value["image"].is_object())
    return std::nullopt;
  const Value &image = value["image"];
  const auto stamp = text_in(value, "stamp");
  const auto sha256 = text_in(image, "sha256");
  if (!stamp || !sha256 || !image.contains("size") || !image["size"].is_number_unsigned())
    return std::nullopt;
  Record record{.stamp = *stamp,
                .made = {.size = image["size"].get<std::uint64_t>(),
                         .sha256 = *sha256,
                         .root_hash = digest_in(image, "rootHash"),
                         .signer = digest_in(image, "signer")}};
  read_lint_settings(record, value);
  return record;
}

std::string encode_bill_of_materials(const Recipe &recipe,
                                     const Inputs &inputs,
                                     const std::vector<Gathered> &sources,
                                     const Made &made)
{
  const std::string image_id = spdx_id("Image", recipe.name);
  Value image = package_value(image_id, recipe.name, recipe.version, made.sha256);
  image["packageFileName"] = inputs.name + ".raw";
  image["licenseDeclared"] = recipe.license.empty() ? "NOASSERTION" : recipe.license;
  if (!recipe.description.empty())
    image["description"] = recipe.description;
  Value packages = Value::array({std::move(image)});
  Value relations = Value::array({relation("SPDXRef-DOCUMENT", "DESCRIBES", image_id)});
  for (const Gathered &source : sources) {
    packages.push_back(part_value(source));
    relations.push_back(relation(image_id, "CONTAINS", spdx_id("Source", source.input.id)));
  }
  return text_of(
      {{"spdxVersion", "SPDX-2.3"},
       {"dataLicense", "CC0-1.0"},
       {"SPDXID", "SPDXRef-DOCUMENT"},
       {"name", inputs.name},
       {"documentNamespace", "urn:uuid:" + uuid_from(inputs.name + made.sha256).text()},
       {"creationInfo", {{"created", iso_time(inputs.time)}, {"creators", {"Tool: strake"}}}},
       {"packages", std::move(packages)},
       {"relationships", std::move(relations)}});
}

} // namespace bakery
