// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "base/sys.hpp"
#include "handoff/boot_menu.hpp"
#include "updater/inventory.hpp"
#include "verity/boot_marks.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// The boot entries that are partitions with verity::BootMarks, on one disk.
struct MarkedSlots {
  updater::OpenDisk disk;
  std::vector<MenuEntry> entries; ///< in the order in which the loader tries them
};

/// Nothing where the system's disk has no such partitions, or is not known; `image` as for
/// read_boot_menu(). A slot that is empty, by its label or because it is_blank(), is no entry, but
/// for one that the loader would take: that is damaged.
std::optional<MarkedSlots> find_marked_slots(const base::Host &host, const std::string &image);

/// Whether nothing was ever written to a partition, which lies there on a disk: its first MiB, in
/// which all that can be booted has its beginning, is zeros. What cannot be read may hold
/// something.
bool is_blank(const base::Fd &disk, const base::ByteRange &partition);

/// What a verdict leaves of the marks: good ones need no tries, bad ones are never taken.
verity::BootMarks marks_after(const verity::BootMarks &present, Blessing blessing);

/// For people: "USR-A (priority 2, 1 try left)".
std::string text_of(const std::string &id, const verity::BootMarks &marks);

/// Gives a partition these marks, in one commit of the table: after a cut it has the old ones or
/// the new ones. Throws Kind::busy if the table changed since it was read.
void set_marks(const base::Host &host,
               const std::string &image,
               unsigned number,
               const verity::BootMarks &marks);

} // namespace handoff
