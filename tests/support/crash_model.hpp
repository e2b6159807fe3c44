// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/recorder.hpp"
#include "support/tree.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace support {

/// One thing that a power cut decides by itself: a sector, a file's length and mode, the names of
/// a directory, or one name on vfat.
struct Axis {
  NodeId group = 0; ///< the file or directory it belongs to
  /// What it may hold besides what is on stable storage: choice n is what effect number
  /// effects[n - 1] left. Choice 0 is the old.
  std::vector<std::size_t> effects;
};

/// A choice for each axis.
using Choice = std::vector<std::size_t>;

/// What a sector is that was being written when the power went.
enum class Sectors {
  whole, ///< old or new
  torn,  ///< or neither: it reads as something that nobody wrote. States without such a sector are
         ///< those of `whole`, and are left out
};

/// A machine's disks as a power cut can leave them. It takes effects one by one and knows what is
/// surely on stable storage and what may or may not be; each combination of the latter is a legal
/// state. What is promised is what the comments of base::Sys say and no more:
///
/// - sectors of 512 bytes are as Sectors says, and independent of each other
/// - a file's length and mode are independent of its sectors; what was not written reads as zeros
/// - the names of a directory change in order, so any beginning of the changes may be there;
///   directories are independent of each other, except that a rename between two is one change
/// - sync(file) settles data, length and mode, but not the name; sync(dir) only names
/// - on vfat each name is independent of all others, and the length lies beside the name: a
///   rename adds a name with length 0, and takes the old one away; only sync(file) after it writes
///   the length there; sync_file_system promises nothing
class CrashModel {
public:
  explicit CrashModel(Tree before, Sectors sectors = Sectors::whole);

  /// Performs one more effect. Fails with Kind::internal if it makes no sense here, such as a
  /// rename of what is not there; that happens in recordings that a test has rearranged.
  void apply(const Effect &effect);

  /// What is undecided if the power goes now.
  [[nodiscard]] std::vector<Axis> axes() const;

  /// Whether some sector of this choice out of axes() is torn.
  [[nodiscard]] bool is_torn(const Choice &choice) const;

  /// The state for one choice out of axes().
  [[nodiscard]] Tree state(const Choice &choice) const;

private:
  struct Sector {
    std::size_t effect;
    std::string bytes;
  };

  struct Attributes {
    std::size_t effect;
    std::uint64_t length;
    mode_t mode;
    std::int64_t modified_us;
  };

  struct NameChange {
    NodeId dir;
    std::string name;
    std::optional<NodeId> node; ///< nothing: the name goes
  };

  struct NameOperation {
    std::size_t effect;
    std::vector<NameChange> changes;
    std::set<NodeId> dirs;
    std::set<NodeId> unsynced; ///< those of `dirs` that were not synced since
  };

  enum class WrittenWith { directory, file };

  struct Slot {
    std::size_t effect;
    std::optional<Entry> entry;
    WrittenWith with;
  };

  struct SlotName {
    NodeId dir;
    std::string name;
    auto operator<=>(const SlotName &) const = default;
  };

  struct Operations {
    std::set<NodeId> dirs;
    std::vector<const NameOperation *> list;
  };

  // Live, as a running program sees it.
  std::string &bytes(NodeId node);
  NodeId lookup(NodeId dir, const std::string &name) const;
  [[nodiscard]] Attributes attributes(NodeId node) const;
  [[nodiscard]] bool is_vfat(NodeId node) const;

  void make(const Effect &effect);
  void write(NodeId node, std::uint64_t offset, const std::string &data);
  void resize(NodeId node, std::uint64_t length);
  void note_sectors(NodeId node, const std::string &before, std::uint64_t from, std::uint64_t to);
  void note_length(NodeId node, std::uint64_t length);
  void note_names(std::vector<NameChange> changes);
  void rename(const Effect &effect);
  void rename_slot(const SlotName &from, const SlotName &to, NodeId node);
  void remove(const Effect &effect);
  void push_slot(const SlotName &name, std::optional<Entry> entry, WrittenWith with);

  void settle_file(NodeId node);
  void settle_attributes(NodeId node);
  void settle_slot_of(NodeId node);
  void settle_dir(NodeId node);
  void settle_names();
  void settle_file_system(NodeId node);
  static void put(Tree &tree, const NameChange &change);
  static void put(Tree &tree, const SlotName &name, const std::optional<Entry> &entry);
  [[nodiscard]] std::vector<Operations> operations() const;
  void put_content(Tree &tree,
                   NodeId node,
                   std::optional<std::uint64_t> length,
                   const std::map<std::uint64_t, const Sector *> &chosen) const;

  [[nodiscard]] const Sector *chosen_of(const std::vector<Sector> &versions,
                                        std::size_t choice) const;

  Sectors sectors_are_;
  Sector torn_;
  std::size_t effect_ = 0; ///< the number of the one being performed
  Tree durable_;
  std::map<NodeId, std::string> live_bytes_;
  std::vector<std::map<std::string, NodeId>> live_names_;
  std::map<NodeId, SlotName> slot_of_; ///< where a vfat file's length goes

  // Undecided, oldest first.
  std::map<NodeId, std::map<std::uint64_t, std::vector<Sector>>> sectors_;
  std::map<NodeId, std::vector<Attributes>> attributes_;
  std::vector<NameOperation> names_;
  std::map<SlotName, std::vector<Slot>> slots_;
};

} // namespace support
