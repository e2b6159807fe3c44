// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_slot.hpp"

#include "base/error.hpp"
#include "base/specifier.hpp"
#include "handoff/boot_entry.hpp"
#include "updater/disk.hpp"
#include "verity/hash_tree.hpp"
#include "verity/partition_type.hpp"
#include "verity/tree_check.hpp"

#include <algorithm>
#include <span>

namespace handoff {

namespace {

using verity::GptEntry;
using verity::GptTable;

const GptEntry *find_partition(const GptTable &table, const base::Uuid &uuid)
{
  const auto found =
      std::find_if(table.entries.begin(), table.entries.end(), [&](const GptEntry &entry) {
        return entry.used() && entry.unique == uuid;
      });
  return found == table.entries.end() ? nullptr : &*found;
}

/// Why these two are not what the root hash was made of; empty if nothing speaks against it.
std::string content_fault(const verity::BlockReader &data,
                          const verity::BlockReader &tree,
                          std::uint64_t data_length,
                          std::uint64_t tree_length,
                          const verity::Sha256 &root)
{
  std::vector<std::byte> start(verity::superblock_size);
  if (tree_length < start.size())
    return "its hash partition is too small for a hash tree";
  tree(0, start);
  const verity::SuperblockReading reading = verity::parse_superblock(start);
  if (!reading.superblock)
    return fmt::format("its hash partition holds no hash tree: {}", reading.refusal);
  const verity::TreeShape &shape = reading.superblock->shape;
  if (const auto why = verity::unfit(shape, data_length, tree_length))
    return *why;
  std::vector<std::byte> first(shape.data_block_size);
  data(0, first);
  const auto bad = verity::BlockChecker(shape, tree, root).check(0, first);
  if (!bad)
    return {};
  return bad->where == verity::BadBlock::Where::data
             ? "its partition holds something else by now"
             : "its hash partition holds the tree of something else by now";
}

std::string text_of(const verity::GptDisk &disk, const GptTable &table, const GptEntry &entry)
{
  std::string bytes(std::min(table.length_of(entry), verity::signature_partition_limit), '\0');
  bytes.resize(
      base::read_at(disk.fd(), table.offset_of(entry), std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

BootSlot look_at(const verity::GptDisk &disk, const GptTable &table, const RootHash &named)
{
  BootSlot slot{.option = named.option, .label = {}, .fault = {}};
  const GptEntry *data = find_partition(table, verity::data_partition_uuid(named.hash));
  const GptEntry *tree = find_partition(table, verity::tree_partition_uuid(named.hash));
  if (data == nullptr) {
    slot.fault =
        fmt::format("no partition has the UUID {}", verity::data_partition_uuid(named.hash).text());
    return slot;
  }
  slot.number = data->number;
  slot.label = data->label;
  if (tree == nullptr) {
    slot.fault = fmt::format("no partition with its hash tree has the UUID {}",
                             verity::tree_partition_uuid(named.hash).text());
    return slot;
  }
  slot.tree = tree->number;
  const auto reader = [&](const GptEntry &entry) {
    return verity::range_reader(disk.fd(), table.offset_of(entry), table.length_of(entry));
  };
  slot.fault = content_fault(
      reader(*data), reader(*tree), table.length_of(*data), table.length_of(*tree), named.hash);
  return slot;
}

} // namespace

std::optional<updater::OpenDisk> find_system_disk(const base::Host &host, const std::string &image)
{
  if (!host.is_running_system && image.empty())
    return std::nullopt; // another root says nothing of its disk
  try {
    updater::Target system;
    system.path_auto = true;
    updater::DiskPath place = updater::find_disk(host, system, image);
    verity::GptTable table =
        verity::GptDisk(updater::root_of(host, place).file(place.path), place.path).table();
    return updater::OpenDisk{std::move(place), std::move(table)};
  } catch (const base::Error &error) {
    if (error.kind() != base::Kind::not_found && error.kind() != base::Kind::config)
      throw;
    return std::nullopt;
  }
}

std::optional<SlotDisk> SlotDisk::find(const base::Host &host, const std::string &image)
{
  const auto disk = find_system_disk(host, image);
  if (!disk)
    return std::nullopt;
  const updater::DiskPath &place = disk->place;
  return SlotDisk(verity::GptDisk(updater::root_of(host, place).file(place.path), place.path));
}

SlotDisk::SlotDisk(verity::GptDisk disk) : disk_(std::move(disk)), table_(disk_.table())
{
}

std::vector<BootSlot> SlotDisk::slots_of(std::string_view options) const
{
  std::vector<BootSlot> slots;
  for (const RootHash &named : root_hashes(options))
    slots.push_back(look_at(disk_, table_, named));
  return slots;
}

std::optional<verity::RootHashSignature>
SlotDisk::signature_of(const verity::Sha256 &root_hash) const
{
  const auto type = verity::find_partition_type("root-verity-sig", base::native_architecture());
  for (const GptEntry &entry : table_.entries) {
    if (!type || !entry.used() || entry.type != type->uuid)
      continue;
    auto reading = verity::parse_signature_partition(text_of(disk_, table_, entry));
    if (reading.signature && reading.signature->root_hash == root_hash)
      return std::move(reading.signature);
  }
  return std::nullopt;
}

} // namespace handoff
