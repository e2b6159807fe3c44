// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/boot_menu.hpp"

#include <string>

namespace handoff {

/// What becomes of an entry. The word on it is a part of its file's name, or, where a partition is
/// the entry, marks in the partition table.
struct Verdict {
  const MenuEntry *entry;                   ///< of the menu that was judged
  BootName changed;                         ///< what its file is to be called
  bool has_fallback;                        ///< something else boots when this entry does not
  std::optional<verity::BootMarks> marks{}; ///< what its partition is to have
};

/// Decides about the entry of this id, or without one about that which runs; of two files of one
/// entry about the one that is counted. Throws not_found, saying which there are; config if one
/// that is damaged is to be blessed; usage if the only one that can boot is not to be.
Verdict judge(const std::vector<MenuEntry> &menu, const std::string &id, Blessing blessing);

/// An entry, and what its file is called by now; or a partition, and its marks as a text.
struct Blessed {
  std::string id;
  std::string version;
  std::string before; ///< its file's name before
  std::string file;   ///< the same if nothing had to be done

  [[nodiscard]] bool has_changed() const { return before != file; }
};

/// What a verdict makes of its entry.
Blessed result_of(const Verdict &verdict);

/// Puts a verdict into effect, under strake's lock. Durable on return, and can be run again after a
/// cut. At every instant another entry boots, or this one, under its old name or its new one: where
/// nothing else could boot it is copied before the old name goes. The marks of a partition change
/// in one commit of the table. Throws as judge(), and Kind::no_space if there is no room for the
/// copy.
Blessed
bless(const base::Host &host, const std::string &image, const std::string &id, Blessing blessing);

} // namespace handoff
