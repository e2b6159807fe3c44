// SPDX-License-Identifier: Apache-2.0
#include "bakery/ddi_writer.hpp"

#include "bakery/identity.hpp"
#include "base/dir.hpp"
#include "base/error.hpp"
#include "verity/gpt.hpp"
#include "verity/gpt_label.hpp"
#include "verity/hash_tree.hpp"
#include "verity/partition_type.hpp"

#include <algorithm>
#include <vector>

namespace bakery {

using base::Kind;

namespace {

constexpr unsigned sector_size = 512;
constexpr std::uint64_t block = 4096;
constexpr std::uint64_t first_partition = std::uint64_t{1} << 20U; // where every tool begins
constexpr std::uint64_t entries_bytes = 128 * 128;

std::uint64_t rounded_up(std::uint64_t value)
{
  return (value + block - 1) / block * block;
}

/// One partition of the image, and what is in it.
struct Part {
  std::string type;
  base::Uuid unique;
  const base::Fd *file = nullptr; ///< its content,
  std::string text{};             ///< or this
  std::uint64_t length = 0;
};

std::vector<Part> parts_of(const base::Fd &file_system,
                           const HashedFileSystem &hashed,
                           const std::optional<verity::RootHashSignature> &signature,
                           const DdiFacts &facts)
{
  std::vector<Part> parts;
  parts.push_back({.type = facts.designator,
                   .unique = verity::data_partition_uuid(hashed.root_hash),
                   .file = &file_system,
                   .length = base::size_of(file_system)});
  parts.push_back({.type = facts.designator + "-verity",
                   .unique = verity::tree_partition_uuid(hashed.root_hash),
                   .file = &hashed.tree,
                   .length = base::size_of(hashed.tree)});
  if (signature) {
    std::string text = verity::encode_signature_partition(*signature);
    const std::uint64_t length = text.size();
    parts.push_back({.type = facts.designator + "-verity-sig",
                     .unique = uuid_from(verity::hex(hashed.root_hash) + " signature"),
                     .text = std::move(text),
                     .length = length});
  }
  return parts;
}

verity::GptEntry
entry_of(const Part &part, unsigned number, std::uint64_t start, const DdiFacts &facts)
{
  const auto type = verity::find_partition_type(part.type, facts.architecture);
  if (!type)
    base::fail(Kind::config,
               "there is no partition type {} for the architecture {}; a disk image is always of "
               "one that has, so name it under \"architectures\"",
               part.type,
               facts.architecture);
  verity::GptEntry entry;
  entry.number = number;
  entry.type = type->uuid;
  entry.unique = part.unique;
  entry.first_lba = start / sector_size;
  entry.last_lba = (start + rounded_up(part.length)) / sector_size - 1;
  entry.attributes = verity::attribute::read_only;
  entry.label = verity::label_fits(facts.label) ? facts.label : type->name;
  return entry;
}

/// The first copy of the table; the second one lies at the end of the image.
verity::GptTable
table_of(const std::vector<Part> &parts, const HashedFileSystem &hashed, const DdiFacts &facts)
{
  verity::GptTable table;
  table.sector_size = sector_size;
  table.disk = uuid_from(verity::hex(hashed.root_hash) + " disk");
  table.my_lba = 1;
  table.entries_lba = 2;
  table.first_usable = first_partition / sector_size;
  table.entries.resize(entries_bytes / table.entry_size);
  for (std::size_t index = 0; index < table.entries.size(); ++index)
    table.entries[index].number = static_cast<unsigned>(index) + 1;
  std::uint64_t next = first_partition;
  unsigned number = 0;
  for (const Part &part : parts) {
    ++number;
    table.entry(number) = entry_of(part, number, next, facts);
    next += rounded_up(part.length);
  }
  table.last_usable = next / sector_size - 1;
  table.alternate_lba = rounded_up(next + entries_bytes + sector_size) / sector_size - 1;
  return table;
}

void write_table(base::Sys &sys, const base::Fd &image, const verity::GptTable &primary)
{
  const auto write = [&](std::uint64_t lba, const std::vector<std::byte> &data) {
    sys.write_at(image, lba * sector_size, data);
  };
  verity::GptTable backup = primary;
  backup.my_lba = primary.alternate_lba;
  backup.alternate_lba = primary.my_lba;
  backup.entries_lba = backup.my_lba - backup.entries_sectors();
  write(0, verity::encode_protective_mbr(primary));
  for (const verity::GptTable &copy : {primary, backup}) {
    write(copy.my_lba, verity::encode_header(copy));
    write(copy.entries_lba, verity::encode_entries(copy));
  }
}

} // namespace

HashedFileSystem hash_file_system(base::Sys &sys,
                                  const base::Fd &file_system,
                                  const DdiFacts &facts,
                                  const base::Dir &scratch)
{
  const std::string identity = facts.identity + " salt";
  const verity::Sha256 salt = verity::digest_of(std::as_bytes(std::span(identity)));
  const std::uint64_t size = base::size_of(file_system);
  const verity::TreeShape shape{.data_block_size = block,
                                .hash_block_size = block,
                                .data_blocks = rounded_up(size) / block,
                                .salt = {salt.begin(), salt.end()}};
  HashedFileSystem result{.root_hash = {}, .tree = sys.create_unnamed(scratch)};
  sys.write_at(result.tree,
               0,
               verity::encode_superblock(
                   {.uuid = uuid_from(facts.identity + " hash tree"), .shape = shape}));
  sys.resize(result.tree, verity::hash_bytes(shape));
  // What the file system lacks to whole blocks is zeros in its partition.
  const verity::BlockReader padded = [&](std::uint64_t offset, base::MutableBytes data) {
    const std::size_t count = base::read_at(file_system, offset, data);
    std::fill(data.begin() + static_cast<std::ptrdiff_t>(count), data.end(), std::byte{0});
  };
  result.root_hash = verity::build_tree(shape, padded, [&](std::uint64_t offset, base::Bytes data) {
    sys.write_at(result.tree, offset, data);
  });
  return result;
}

void write_ddi(base::Sys &sys,
               const base::Fd &image,
               const base::Fd &file_system,
               const HashedFileSystem &hashed,
               const std::optional<verity::RootHashSignature> &signature,
               const DdiFacts &facts)
{
  const std::vector<Part> parts = parts_of(file_system, hashed, signature, facts);
  const verity::GptTable table = table_of(parts, hashed, facts);
  sys.resize(image, (table.alternate_lba + 1) * sector_size);
  write_table(sys, image, table);
  for (std::size_t index = 0; index < parts.size(); ++index) {
    const Part &part = parts[index];
    const std::uint64_t offset = table.offset_of(table.entries[index]);
    if (part.file != nullptr)
      sys.copy(*part.file, {.start = 0, .length = part.length}, image, offset);
    else
      sys.write_at(image, offset, std::as_bytes(std::span(part.text)));
  }
}

} // namespace bakery
