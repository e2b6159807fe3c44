// SPDX-License-Identifier: Apache-2.0
#include "verity/ddi.hpp"

#include "fuzz.hpp"
#include "verity/hash_tree.hpp"
#include "verity/partition_type.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace {

constexpr std::array types = {"root",
                              "root-verity",
                              "root-verity-sig",
                              "usr",
                              "usr-verity",
                              "usr-verity-sig",
                              "root-arm64",
                              "root-arm64-verity",
                              "linux-generic",
                              "esp",
                              "xbootldr",
                              "var",
                              "swap"};
constexpr std::size_t row = 4; // bytes: type, UUID, attributes, label

verity::Sha256 root_hash(unsigned char which)
{
  verity::Sha256 hash{};
  hash.fill(std::byte{which});
  hash[31] = std::byte{1}; // so that the halves differ
  return hash;
}

/// UUIDs come from so few that they are often the halves of a root hash.
base::Uuid uuid(unsigned char byte)
{
  const verity::Sha256 hash = root_hash(static_cast<unsigned char>(byte / 2 % 4));
  return byte % 2 == 0 ? verity::data_partition_uuid(hash) : verity::tree_partition_uuid(hash);
}

verity::GptTable table_of(std::string_view rows)
{
  verity::GptTable table;
  for (std::size_t at = 0; at + row <= rows.size() && at < 128 * row; at += row) {
    const auto byte = [&](std::size_t index) {
      return static_cast<unsigned char>(rows[at + index]);
    };
    verity::GptEntry entry;
    entry.number = static_cast<unsigned>(table.entries.size() + 1);
    entry.type = verity::find_partition_type(types[byte(0) % types.size()], "x86-64").value().uuid;
    entry.unique = uuid(byte(1));
    entry.attributes = std::uint64_t{byte(2)} << 56U;
    entry.label = std::string(1, rows[at + 3]);
    entry.first_lba = std::uint64_t{100} * entry.number;
    entry.last_lba = entry.first_lba + 49;
    table.entries.push_back(std::move(entry));
  }
  return table;
}

void check_part(const verity::GptTable &table, const verity::ImagePart &part)
{
  const auto &entries = table.entries;
  fuzz::demand(std::any_of(entries.begin(),
                           entries.end(),
                           [&](const verity::GptEntry &entry) {
                             return table.offset_of(entry) == part.range.start &&
                                    table.length_of(entry) == part.range.length &&
                                    entry.unique == part.unique;
                           }),
               "what is found is a partition of the table");
}

void check_dissection(const verity::GptTable &table, const verity::ImagePolicy &policy)
{
  std::set<std::string> seen;
  for (const verity::ImagePart &part : verity::dissect(table, "x86-64", policy)) {
    check_part(table, part);
    fuzz::demand(seen.insert(part.designator).second, "each is found once");
  }
}

void check_extension(const verity::GptTable &table,
                     const verity::ImagePolicy &policy,
                     const std::optional<verity::KnownRootHash> &known)
{
  std::set<std::string> seen;
  for (const verity::ProtectedPart &part :
       verity::extension_parts(table, "x86-64", policy, known)) {
    const std::string &name = part.data.designator;
    check_part(table, part.data);
    fuzz::demand(name == "root" || name == "usr", "an extension has a root and a /usr");
    fuzz::demand(seen.insert(name).second, "each is found once");
    if (part.tree) {
      check_part(table, *part.tree);
      fuzz::demand(part.tree->designator == name + "-verity", "a tree is that of its data");
    }
    if (part.signature) {
      check_part(table, *part.signature);
      fuzz::demand(part.signature->designator == name + "-verity-sig",
                   "a signature is that of its data");
    }
    if (known && part.tree && known->designator == name)
      fuzz::demand(part.data.unique == verity::data_partition_uuid(known->root_hash) &&
                       part.tree->unique == verity::tree_partition_uuid(known->root_hash),
                   "a known root hash says which partitions count");
  }
}

} // namespace

// A policy, a line end, a byte that says what is known from outside, then a table.
const fuzz::Registered ddi({"ddi",
                            {base::Kind::usage, base::Kind::untrusted, base::Kind::config},
                            [](std::string_view input) {
                              const auto texts = fuzz::cut(input, '\n', 2);
                              if (texts[1].empty())
                                return;
                              const verity::ImagePolicy policy =
                                  verity::ImagePolicy::parse(texts[0]);
                              const auto known = static_cast<unsigned char>(texts[1].front());
                              const verity::GptTable table =
                                  table_of(std::string_view(texts[1]).substr(1));
                              std::optional<verity::KnownRootHash> outside;
                              if (known % 4 != 0)
                                outside = {.designator = known % 4 == 1 ? "usr" : "root",
                                           .root_hash = root_hash(known / 4 % 4),
                                           .source = "image.roothash"};
                              check_extension(table, policy, outside);
                              check_dissection(table, policy);
                            }});
