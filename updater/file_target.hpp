// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"
#include "updater/anchor.hpp"
#include "updater/extent.hpp"
#include "updater/instance.hpp"

#include <string>

namespace updater {

/// A name below a target directory, with the directory it lies in open.
struct OpenName {
  base::Dir parent;
  std::string name; ///< last component
};

/// Opens the directory that `below` (as a pattern formatted it) lies in, making what is missing.
OpenName open_name(base::Sys &sys, Place &place, const std::string &below);

/// A file being installed under a name that nobody takes for it yet.
struct NewFile {
  OpenName place;        ///< the final name
  std::string temporary; ///< the name it has now
  base::Fd fd;
  Written written; ///< once it was filled
  bool is_boot = false;

  [[nodiscard]] Extent extent() const;
};

/// Makes an empty file under the partial name, taking away one that an earlier run left.
NewFile make_file(base::Sys &sys, Place &place, const std::string &below);

/// Removes what lies under the partial name: file, directory or subvolume.
void discard_partial(base::Sys &sys, const OpenName &place);

/// Sets mode, times and length, and brings the file to stable storage.
void settle_file(base::Sys &sys, const NewFile &file, const Metadata &fields);

/// Gives a file its next name, `prefix` put before its own. Durable on return: on vfat the file has
/// to be synced again after the rename, or its new name would lead to nothing on the disk.
void publish_file(base::Sys &sys, NewFile &file, std::string_view prefix);

/// Gives a pending file or tree its own name; durable on return.
void publish_pending(base::Sys &sys, Place &place, const std::string &below);

/// Takes an instance out of effect and keeps it: gives an installed file or tree its pending name.
void withdraw_file(base::Sys &sys, Place &place, const std::string &below);

/// Gives a boot file another name in its directory, in place of what has it. Durable on return; on
/// vfat a cut on the way may leave it with no content under either name.
void rename_boot_file(base::Sys &sys,
                      const base::Dir &dir,
                      const std::string &from,
                      const std::string &to);

/// Puts an instance on disk under the name it has, whoever gave it that. For what lies in the
/// target directory itself, and is no boot file, a sync of that directory is enough.
void settle_instance(base::Sys &sys, const Place &place, const std::string &below);

/// Removes an instance (file, tree or subvolume; a tree is partial until the last of it is gone),
/// then the directories above it that are empty now, up to the target directory. Nothing there is
/// no failure. Durable on return.
void remove_instance(base::Sys &sys, Place &place, const std::string &below);

/// How a boot loader sees a file, and so when it may appear: what others need first, the entry that
/// makes it boot last. Removal goes the other way round.
enum class BootRank {
  resource, ///< an addon, a kernel or an initrd that an entry names
  image,    ///< a unified kernel image, which is an entry by itself
  entry,    ///< loader/entries/*.conf
};

BootRank boot_rank(const std::string &path);

} // namespace updater
