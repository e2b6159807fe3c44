// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"
#include "verity/gpt_disk.hpp"
#include "verity/signature_partition.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// The disk that the system is on, with its table. Nothing where it is on none with a partition
/// table, as in a container. `image` is the file given with --image; empty: the machine's own disk.
std::optional<updater::OpenDisk> find_system_disk(const base::Host &host, const std::string &image);

/// A partition that a boot entry runs from, by the root hash it names.
struct BootSlot {
  std::string option;  ///< that names the hash: "roothash", "usrhash"; empty: it is the entry
  unsigned number = 0; ///< of the partition with the data; 0: there is none
  unsigned tree = 0;   ///< of that with its hash tree; likewise
  std::string label;   ///< of that partition
  std::string fault;   ///< why it cannot boot from there; empty: what it holds is what is named
};

/// The disk of the system, and its partitions.
class SlotDisk {
public:
  /// Nothing where find_system_disk() finds none.
  static std::optional<SlotDisk> find(const base::Host &host, const std::string &image);

  explicit SlotDisk(verity::GptDisk disk);

  /// Where it is: "/dev/sda".
  [[nodiscard]] const std::string &path() const { return disk_.name(); }

  /// What there is for each root hash on this command line. Names count for nothing: the partitions
  /// are found by the halves of the hash, and it is looked whether tree and data are those of that
  /// hash, as far as the way to the first block of the data shows, in which every two images
  /// differ.
  [[nodiscard]] std::vector<BootSlot> slots_of(std::string_view options) const;

  /// What the partition of type root-verity-sig that is about this root hash holds; nothing if
  /// there is none. Its name and UUID count for nothing.
  [[nodiscard]] std::optional<verity::RootHashSignature>
  signature_of(const verity::Sha256 &root_hash) const;

private:
  verity::GptDisk disk_;
  verity::GptTable table_;
};

} // namespace handoff
