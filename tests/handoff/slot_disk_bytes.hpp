// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/gpt_image.hpp"
#include "verity/hash_tree.hpp"
#include "verity/signature_partition.hpp"

#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace handoff_test {

/// A disk with a root image in partition 1 and its hash tree in partition 2, of 64 sectors each;
/// and with its signature in partition 3, if `sign` makes one.
struct SlotBytes {
  std::vector<std::byte> disk;
  std::size_t data_at = 0;
  std::size_t tree_at = 0;
  verity::Sha256 root{};

  [[nodiscard]] std::string options() const { return "quiet roothash=" + verity::hex(root); }
};

inline SlotBytes
slot_disk(const std::function<verity::RootHashSignature(const verity::Sha256 &)> &sign = {})
{
  constexpr std::uint64_t sectors = 64;
  constexpr std::size_t sector = 512;
  constexpr std::size_t block = 4096;
  support::GptShape shape;
  shape.used.clear();
  SlotBytes made;
  std::vector<std::byte> data(8 * block);
  for (std::size_t index = 0; index < data.size(); ++index)
    data[index] = static_cast<std::byte>(index / block + 1);
  const verity::TreeShape tree_shape{.data_blocks = 8, .salt = {std::byte{7}}};
  std::vector<std::byte> tree = verity::encode_superblock({{}, tree_shape});
  tree.resize(static_cast<std::size_t>(verity::hash_bytes(tree_shape)));
  made.root = verity::build_tree(
      tree_shape,
      [&](std::uint64_t offset, base::MutableBytes into) {
        std::memcpy(into.data(), data.data() + offset, into.size());
      },
      [&](std::uint64_t offset, base::Bytes bytes) {
        std::memcpy(tree.data() + offset, bytes.data(), bytes.size());
      });

  verity::GptTable table = support::gpt_table(shape);
  for (const unsigned number : {1U, 2U}) {
    verity::GptEntry &entry = table.entry(number);
    entry.type = base::Uuid::parse("4f68bce3-e8cd-4db1-96e7-fbcaf984b709").value();
    entry.unique = number == 1 ? verity::data_partition_uuid(made.root)
                               : verity::tree_partition_uuid(made.root);
    entry.first_lba = 2048 + sectors * (number - 1);
    entry.last_lba = entry.first_lba + sectors - 1;
    entry.label = number == 1 ? "os_7" : "os_7_verity";
  }
  if (sign) {
    verity::GptEntry &entry = table.entry(3);
    entry.type = base::Uuid::parse("41092b05-9fc8-4523-994f-2def0408b176").value();
    entry.unique = base::Uuid::parse("11111111-2222-3333-4444-555555555555").value();
    entry.first_lba = 2048 + 2 * sectors;
    entry.last_lba = entry.first_lba + sectors - 1;
  }
  made.disk = support::disk_with(table);
  made.data_at = 2048 * sector;
  made.tree_at = made.data_at + sectors * sector;
  std::memcpy(made.disk.data() + made.data_at, data.data(), data.size());
  std::memcpy(made.disk.data() + made.tree_at, tree.data(), tree.size());
  if (sign) {
    const std::string text = verity::encode_signature_partition(sign(made.root));
    std::memcpy(made.disk.data() + made.tree_at + sectors * sector, text.data(), text.size());
  }
  return made;
}

} // namespace handoff_test
