// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace overlay {

/// One line of the table of mounts (/proc/self/mountinfo, proc(5)).
struct MountLine {
  int id = 0;
  int parent = 0;
  std::string target;  ///< as seen from this process's root
  std::string type;    ///< "overlay"
  std::string source;  ///< "sysext"
  std::string upper{}; ///< of an overlay: the directory that it writes to, as it was named then
  std::string work{};  ///< of such a one: its work directory
  bool can_be_copied = true; ///< false: it is "unbindable", and who copies the mounts has it not
};

/// The whole table, in the kernel's order. Throws Kind::io if it is not understood.
std::vector<MountLine> parse_mount_table(const std::string &text);

/// How many overlays of this name lie one on the other at the place of the mount `id`, that being
/// the topmost. 0 if it is none.
unsigned stacked(const std::vector<MountLine> &table, int id, std::string_view source);

/// The mount that lies on `target`, a place in the mount `id` or the top of it.
std::optional<int> mount_on(const std::vector<MountLine> &table, int id, const std::string &target);

/// How many mounts lie one on the other at `target`, a place in the mount `id`.
unsigned stacked_on(const std::vector<MountLine> &table, int id, const std::string &target);

/// The places right below the mount `id`, at `target`, on which something is mounted that can be
/// seen; relative to it, "share/doc". What is mounted on one of them is not listed.
std::vector<std::string>
submounts(const std::vector<MountLine> &table, int id, const std::string &target);

} // namespace overlay
