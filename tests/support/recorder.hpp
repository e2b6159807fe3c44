// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/tree.hpp"
#include "support/watched_sys.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace support {

/// One change of what is on disk, or one sync, in terms of a Tree's nodes.
struct Effect {
  CallKind kind = CallKind::create;
  std::string text{}; ///< as describe() put it
  NodeId node = 0;    ///< the file or directory made, changed or synced
  NodeId dir = 0;     ///< in which `name` lies
  std::string name{};
  NodeId to_dir = 0;
  std::string to_name{};
  std::uint64_t offset = 0;
  std::uint64_t length = 0; ///< of the range, or the new length of the file
  std::string data{};       ///< written, or the target of a symlink
  mode_t mode = 0;          ///< with the type; of what was made, or its new attributes
  std::int64_t modified_us = 0;

  [[nodiscard]] bool is_sync() const
  {
    return kind == CallKind::sync_file || kind == CallKind::sync_dir ||
           kind == CallKind::sync_file_system;
  }
};

/// A run: the machine before it, and each change in order.
struct Recording {
  Tree before;
  std::vector<Effect> effects;
};

/// Where the parts of a test's machine lie.
struct Layout {
  /// Directories that stand for vfat file systems. In them symbolic and hard links fail, as there.
  std::vector<std::string> vfat{};
};

/// Does everything for real in a directory that stands for the machine, and records it. All that
/// is changed must lie beneath that directory, and nobody else may change it meanwhile.
/// Extended attributes, device nodes and btrfs subvolumes are not simulated and are refused; the
/// immutable flag passes without a record. So does all that is done to a file system that was not
/// there at the beginning: what is mounted in between is lost with the power.
class Recorder final : public WatchedSys {
public:
  explicit Recorder(const base::Dir &root, const Layout &layout = {});

  /// What has been done up to now.
  [[nodiscard]] const Recording &recording() const { return recording_; }

  /// As if the process were killed: after so many effects every call fails, until live_on().
  void die_after(std::size_t effects) { deadline_ = effects; }

  /// The next process; what the dead one did is in the kernel's cache all the same.
  void live_on() { deadline_.reset(); }

  /// Every call that succeeded, those without an effect on disk too (lock, close, …), one line
  /// each: for checks of order.
  [[nodiscard]] const std::vector<std::string> &trace() const { return trace_; }

private:
  void around(const Call &call, const std::function<void()> &perform) override;
  [[nodiscard]] NodeId node_of(int fd) const;
  [[nodiscard]] bool is_mounted_since(const Call &call) const;
  void refuse_what_fails_there(const Effect &effect) const;
  [[nodiscard]] Effect effect_of(const Call &call, const std::string &text) const;
  void learn_new(Effect &effect, const Call &call);

  std::string root_;
  Recording recording_;
  std::vector<std::size_t> file_systems_; ///< of each node
  std::set<dev_t> devices_;               ///< on which the tree lies
  std::map<InodeNumber, NodeId> nodes_;
  std::vector<std::string> trace_;
  std::optional<std::size_t> deadline_;
};

} // namespace support
