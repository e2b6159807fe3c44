// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"
#include "updater/anchor.hpp"
#include "updater/extent.hpp"
#include "updater/instance.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace updater {

/// A name below a target directory, with the directory it lies in open.
struct OpenName {
  base::Dir parent;
  std::string name;     ///< last component
  bool is_vfat = false; ///< or on a boot partition, which is treated as if it were
};

/// Opens the directory that `below` (as a pattern formatted it) lies in, making what is missing.
OpenName open_name(base::Sys &sys, Place &place, const std::string &below);

/// A file being installed under a name that nobody takes for it yet.
struct NewFile {
  OpenName place;        ///< the final name
  std::string temporary; ///< the name it has now
  base::Fd fd;
  Written written; ///< once it was filled

  [[nodiscard]] Extent extent() const;
};

/// Makes an empty file under the partial name, taking away one that an earlier run left. Where the
/// file system is read-only, or becomes so with that, the error says what helps. On vfat it has its
/// clusters on the disk already if the length is known that it will have.
NewFile make_file(base::Sys &sys,
                  Place &place,
                  const std::string &below,
                  std::optional<std::uint64_t> length = {});

/// Removes what lies under the partial name: file, directory or subvolume; a file on vfat in the
/// order of remove_boot_file.
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

/// Gives a new, empty file in `dir` the clusters for what will be written to it, all of them on the
/// disk. By itself Linux writes the entry that leads to them first, and at a time of its own; and
/// an entry that a cut left without its clusters has it stop writing to the file system, as soon as
/// the entry is removed.
void reserve_boot_file(base::Sys &sys,
                       const base::Dir &dir,
                       const base::Fd &file,
                       std::uint64_t length);

/// Brings such a file to stable storage with what was written to it; its clusters first if they
/// were not reserved.
void sync_boot_file(base::Sys &sys, const base::Dir &dir, const base::Fd &file);

/// Removes a file of a boot partition; none there is no failure. Durable on return. Its clusters
/// are free only when its name is gone from the disk, for the reason above; a cut in between leaves
/// them to nobody, which costs room.
void remove_boot_file(base::Sys &sys, const base::Dir &dir, const std::string &name);

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
