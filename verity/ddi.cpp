// SPDX-License-Identifier: Apache-2.0
#include "verity/ddi.hpp"

#include "base/error.hpp"
#include "base/version.hpp"
#include "verity/hash_tree.hpp"
#include "verity/partition_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <utility>

namespace verity {

namespace {

using base::Kind;
using Designators = std::span<const std::string_view>;

// What makes up the tree of a whole system.
constexpr std::array<std::string_view, 5> system_parts = {"root", "usr", "var", "esp", "xbootldr"};

// All that image policies have a name for.
constexpr std::array<std::string_view, 13> all_parts = {"root",
                                                        "usr",
                                                        "home",
                                                        "srv",
                                                        "esp",
                                                        "xbootldr",
                                                        "swap",
                                                        "root-verity",
                                                        "root-verity-sig",
                                                        "usr-verity",
                                                        "usr-verity-sig",
                                                        "tmp",
                                                        "var"};

struct Candidate {
  ImagePart part;
  std::string architecture{}; ///< of root, /usr and what protects them
};

/// The type's name as designator and architecture: "root-x86-64-verity" is "root-verity" of
/// "x86-64".
std::pair<std::string, std::string> meaning_of(const base::Uuid &type)
{
  const std::string name = partition_type_of(type).name;
  for (const std::string_view stem : {"root", "usr"}) {
    if (!name.starts_with(fmt::format("{}-", stem)))
      continue;
    for (const std::string_view ending : {"-verity-sig", "-verity", ""}) {
      if (!name.ends_with(ending))
        continue;
      const std::size_t begin = stem.size() + 1;
      return {fmt::format("{}{}", stem, ending),
              name.substr(begin, name.size() - ending.size() - begin)};
    }
  }
  return {name, ""};
}

bool is_better(const Candidate &next, const Candidate &present, std::string_view native)
{
  if ((next.architecture == native) != (present.architecture == native))
    return next.architecture == native;
  const bool has_versions =
      next.part.designator.starts_with("root") || next.part.designator.starts_with("usr");
  return has_versions && base::compare_versions(next.part.label, present.part.label) > 0;
}

ImagePart part_of(const GptTable &table, const GptEntry &entry, std::string designator)
{
  const auto has = [&](std::uint64_t flag) { return (entry.attributes & flag) != 0; };
  const PartitionType type = partition_type_of(entry.type);
  return {.designator = std::move(designator),
          .range = {table.offset_of(entry), table.length_of(entry)},
          .unique = entry.unique,
          .is_read_only = type.is_discoverable && has(attribute::read_only),
          .may_grow = has(attribute::grow_file_system),
          .label = entry.label};
}

/// Empty slots don't, nor what is marked not to be found by its type; the mark is none on an ESP.
bool counts(const GptEntry &entry)
{
  const bool is_hidden =
      (entry.attributes & attribute::no_auto) != 0 && partition_type_of(entry.type).name != "esp";
  return entry.used() && entry.label != "_empty" && !is_hidden;
}

/// The generic partitions, of which a lone one stands for the root where there is no proper one.
std::vector<ImagePart> generic_parts(const GptTable &table)
{
  std::vector<ImagePart> found;
  for (const GptEntry &entry : table.entries)
    if (entry.type == linux_generic().uuid && counts(entry))
      found.push_back(part_of(table, entry, "root"));
  return found;
}

const Candidate *find(const std::vector<Candidate> &candidates, std::string_view designator)
{
  const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate &each) {
    return each.part.designator == designator;
  });
  return found == candidates.end() ? nullptr : &*found;
}

/// Whether a partition may be the one that the root hash is about.
bool fits(const Candidate &candidate, const std::optional<KnownRootHash> &known)
{
  if (known && candidate.part.designator == known->designator)
    return candidate.part.unique == data_partition_uuid(known->root_hash);
  if (known && candidate.part.designator == known->designator + "-verity")
    return candidate.part.unique == tree_partition_uuid(known->root_hash);
  return true;
}

/// Of each of these designators the one that counts.
std::vector<Candidate> candidates(const GptTable &table,
                                  Designators designators,
                                  std::string_view native,
                                  const std::optional<KnownRootHash> &known)
{
  std::vector<Candidate> found;
  for (const GptEntry &entry : table.entries) {
    if (!counts(entry))
      continue;
    auto [designator, architecture] = meaning_of(entry.type);
    if (std::find(designators.begin(), designators.end(), designator) == designators.end())
      continue;
    Candidate next{part_of(table, entry, std::move(designator)), std::move(architecture)};
    if (!fits(next, known))
      continue;
    const auto present = std::find_if(found.begin(), found.end(), [&](const Candidate &each) {
      return each.part.designator == next.part.designator;
    });
    if (present == found.end())
      found.push_back(std::move(next));
    else if (is_better(next, *present, native))
      *present = std::move(next);
  }
  return found;
}

void judge_absences(const std::vector<Candidate> &found,
                    Designators designators,
                    const ImagePolicy &policy)
{
  for (const std::string_view designator : designators)
    if (find(found, designator) == nullptr)
      policy.judge_absence(std::string(designator));
}

/// What protects nothing is the sign of an image that was tampered with or badly made.
void refuse_orphans(const std::vector<Candidate> &found)
{
  for (const char *data : {"root", "usr"}) {
    const std::string tree = fmt::format("{}-verity", data);
    const std::string signature = fmt::format("{}-verity-sig", data);
    if (find(found, tree) != nullptr && find(found, data) == nullptr)
      base::fail(Kind::config, "the image has a partition {}, but no {} for it", tree, data);
    if (find(found, signature) != nullptr && find(found, tree) == nullptr)
      base::fail(Kind::config, "the image has a partition {}, but no {} for it", signature, tree);
  }
}

void require_known(const std::vector<Candidate> &found, const KnownRootHash &known)
{
  for (const auto &[designator, uuid] :
       {std::pair(known.designator, data_partition_uuid(known.root_hash)),
        std::pair(known.designator + "-verity", tree_partition_uuid(known.root_hash))})
    if (find(found, designator) == nullptr)
      base::fail(Kind::untrusted,
                 "{} says that the root hash is {}, but the image has no partition {} with the "
                 "UUID {} that follows from it",
                 known.source,
                 hex(known.root_hash),
                 designator,
                 uuid.text());
}

void require_same_architecture(const Candidate &left, const Candidate *right)
{
  if (right != nullptr && left.architecture != right->architecture)
    base::fail(Kind::config,
               "the image's partition {} is one of {}, but its {} is one of {}",
               left.part.designator,
               left.architecture.empty() ? "no architecture" : left.architecture,
               right->part.designator,
               right->architecture);
}

ProtectedPart protected_part(const std::vector<Candidate> &found, const Candidate &data)
{
  const Candidate *tree = find(found, data.part.designator + "-verity");
  const Candidate *signature = find(found, data.part.designator + "-verity-sig");
  require_same_architecture(data, tree);
  require_same_architecture(data, signature);
  ProtectedPart result{.data = data.part, .tree = std::nullopt, .signature = std::nullopt};
  if (tree != nullptr)
    result.tree = tree->part;
  if (signature != nullptr)
    result.signature = signature->part;
  return result;
}

} // namespace

std::vector<ImagePart>
dissect(const GptTable &table, std::string_view architecture, const ImagePolicy &policy)
{
  std::vector<Candidate> found = candidates(table, system_parts, architecture, std::nullopt);
  if (find(found, "root") == nullptr && find(found, "usr") == nullptr)
    if (std::vector<ImagePart> generic = generic_parts(table); generic.size() == 1)
      found.push_back({std::move(generic.front())});
  judge_absences(found, system_parts, policy);
  std::vector<ImagePart> parts;
  for (Candidate &each : found)
    if (policy.judge(each.part.designator,
                     {.is_read_only = each.part.is_read_only, .may_grow = each.part.may_grow}) ==
        PartitionUse::use)
      parts.push_back(std::move(each.part));
  return parts;
}

std::vector<ProtectedPart> extension_parts(const GptTable &table,
                                           std::string_view architecture,
                                           const ImagePolicy &policy,
                                           const std::optional<KnownRootHash> &known)
{
  std::vector<Candidate> present = candidates(table, all_parts, architecture, known);
  if (find(present, "root") == nullptr && find(present, "usr") == nullptr && !known) {
    std::vector<ImagePart> generic = generic_parts(table);
    if (generic.size() > 1)
      base::fail(Kind::config,
                 "the image has {} generic Linux partitions and no root partition, so none of them "
                 "can be told to be it",
                 generic.size());
    for (ImagePart &part : generic)
      present.push_back({std::move(part)});
  }
  judge_absences(present, all_parts, policy);
  std::vector<Candidate> found;
  for (Candidate &each : present)
    if (policy.judge_presence(each.part.designator) == PartitionUse::use)
      found.push_back(std::move(each));
  if (known)
    require_known(found, *known);
  refuse_orphans(found);
  std::vector<ProtectedPart> parts;
  for (const char *designator : {"root", "usr"})
    if (const Candidate *data = find(found, designator))
      parts.push_back(protected_part(found, *data));
  if (parts.size() == 2)
    require_same_architecture(*find(found, "root"), find(found, "usr"));
  return parts;
}

} // namespace verity
