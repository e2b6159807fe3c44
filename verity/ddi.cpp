// SPDX-License-Identifier: Apache-2.0
#include "verity/ddi.hpp"

#include "base/version.hpp"
#include "verity/partition_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace verity {

namespace {

constexpr std::array<std::string_view, 5> designators = {"root", "usr", "var", "esp", "xbootldr"};

enum class Architecture { native, foreign };

struct Meaning {
  std::string designator;
  Architecture architecture = Architecture::native;
};

Meaning meaning_of(const base::Uuid &type, std::string_view architecture)
{
  const std::string name = partition_type_of(type).name;
  for (const std::string_view stem : {"root", "usr"}) {
    if (!name.starts_with(fmt::format("{}-", stem)) || name.ends_with("-verity") ||
        name.ends_with("-verity-sig"))
      continue;
    const bool is_native = name == fmt::format("{}-{}", stem, architecture);
    return {std::string(stem), is_native ? Architecture::native : Architecture::foreign};
  }
  return {name};
}

bool is_better(const ImagePart &part,
               Architecture architecture,
               const ImagePart &present,
               Architecture present_architecture)
{
  if (architecture != present_architecture)
    return architecture == Architecture::native;
  const bool has_versions = part.designator == "root" || part.designator == "usr";
  return has_versions && base::compare_versions(part.label, present.label) > 0;
}

ImagePart part_of(const GptTable &table, const GptEntry &entry, std::string designator)
{
  const PartitionType type = partition_type_of(entry.type);
  return {.designator = std::move(designator),
          .range = {table.offset_of(entry), table.length_of(entry)},
          .is_read_only = type.is_discoverable && (entry.attributes & attribute::read_only) != 0,
          .label = entry.label};
}

/// The lone generic partition, which stands for the root where there is no proper one.
const GptEntry *generic_root(const GptTable &table)
{
  const GptEntry *found = nullptr;
  for (const GptEntry &entry : table.entries) {
    if (entry.type != linux_generic().uuid || entry.label == "_empty")
      continue;
    if (found != nullptr)
      return nullptr;
    found = &entry;
  }
  return found;
}

struct Candidate {
  ImagePart part;
  Architecture architecture = Architecture::native;
  bool may_grow = false;
};

std::vector<Candidate> candidates(const GptTable &table, std::string_view architecture)
{
  std::vector<Candidate> found;
  for (const GptEntry &entry : table.entries) {
    const Meaning meaning = meaning_of(entry.type, architecture);
    const bool is_known =
        std::find(designators.begin(), designators.end(), meaning.designator) != designators.end();
    if (!entry.used() || !is_known || entry.label == "_empty")
      continue;
    Candidate next{part_of(table, entry, meaning.designator),
                   meaning.architecture,
                   (entry.attributes & attribute::grow_file_system) != 0};
    const auto present = std::find_if(found.begin(), found.end(), [&](const Candidate &each) {
      return each.part.designator == meaning.designator;
    });
    if (present == found.end())
      found.push_back(std::move(next));
    else if (is_better(next.part, next.architecture, present->part, present->architecture))
      *present = std::move(next);
  }
  return found;
}

} // namespace

std::vector<ImagePart>
dissect(const GptTable &table, std::string_view architecture, const ImagePolicy &policy)
{
  std::vector<Candidate> found = candidates(table, architecture);
  const auto has = [&](std::string_view designator) {
    return std::any_of(found.begin(), found.end(), [&](const Candidate &each) {
      return each.part.designator == designator;
    });
  };
  if (!has("root") && !has("usr"))
    if (const GptEntry *generic = generic_root(table))
      found.push_back({part_of(table, *generic, "root")});
  for (const std::string_view designator : designators)
    if (!has(designator))
      policy.judge_absence(std::string(designator));
  std::vector<ImagePart> parts;
  for (Candidate &each : found)
    if (policy.judge(each.part.designator, {each.part.is_read_only, each.may_grow}) ==
        PartitionUse::use)
      parts.push_back(std::move(each.part));
  return parts;
}

} // namespace verity
