// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/boot_entry.hpp"
#include "handoff/boot_slot.hpp"
#include "updater/definition.hpp"
#include "verity/boot_marks.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// What becomes of an entry at a boot.
enum class BootState {
  good,     ///< boots, and is not counted
  counted,  ///< boots, and loses one of its tries
  given_up, ///< has no try left: the loader takes it only if nothing else is there
  damaged,  ///< cannot boot, whatever its name says
};

/// "good", "counted", "given-up", "damaged"
std::string_view name(BootState state);

/// What is said of a boot entry that was tried.
enum class Blessing {
  blessed,   ///< it is good: the boot loader counts its tries no longer
  unblessed, ///< it is bad: it has no try left, and the boot loader takes another
};

/// "blessed", "unblessed"
std::string_view name(Blessing blessing);

/// One entry of the menu, and what there is behind it.
struct MenuEntry {
  BootEntry entry;
  updater::Anchor partition = updater::Anchor::esp; ///< or xbootldr
  std::string folder;                               ///< of its file, below the partition
  std::string file;                                 ///< as it is seen on this machine
  /// What the boot loader calls it, and expects it to be called: its id; in the older ones, before
  /// systemd 258, with the counters that are in the file's name.
  std::string loader_id;
  /// Only of a partition that is an entry, which is then its only slot.
  std::optional<verity::BootMarks> marks;
  BootState state = BootState::good;
  std::vector<std::string> faults; ///< what keeps it from booting, each as a sentence
  std::vector<BootSlot> slots;     ///< that it runs from
  bool is_shown = true;            ///< false: so broken that the boot loader passes it over
  bool is_next = false;            ///< the boot loader takes it, unless somebody chooses
  bool is_booted = false;          ///< the boot loader started it, as it told
  /// It is what runs: by what it says of itself and os-release, because after a soft reboot that is
  /// another one than was booted; else the one that was booted.
  bool is_running = false;

  /// The loader may take it, and nothing that is known speaks against it.
  [[nodiscard]] bool can_boot() const
  {
    return state == BootState::good || state == BootState::counted;
  }
};

/// What systemd-boot has noted in EFI variables and /loader/loader.conf about which entry to take.
struct LoaderWishes {
  std::string booted{};  ///< id of the entry that runs, without counters; empty: unknown
  std::string once{};    ///< what the loader calls the entry for the next boot only
  std::string pattern{}; ///< shell pattern for what it calls the default entry
};

/// All entries of the ESP and of XBOOTLDR, in the order in which the boot loader shows them; then
/// the partitions that are entries, in the order in which theirs tries them. Where there are both,
/// the next one is a file as long as one can be taken. Throws not_found if no such partition is
/// mounted, and none is an entry. What cannot be read of an entry is a fault of it.
/// `image` is the file given with --image, or empty.
std::vector<MenuEntry> read_boot_menu(const base::Host &host, const std::string &image);

/// The same; nothing if no such partition is mounted.
std::optional<std::vector<MenuEntry>> find_boot_menu(const base::Host &host);

/// What a menu calls the system with this os-release.
struct RunningSystem {
  std::string version;
  std::string sort_key;
};

/// Marks what runs; nothing where that cannot be told.
void mark_running(std::vector<MenuEntry> &menu, const RunningSystem &running);

/// Which entry of a menu the loader takes, by its index; nothing if none can boot.
std::optional<std::size_t> next_entry(const std::vector<MenuEntry> &menu,
                                      const LoaderWishes &wishes);

} // namespace handoff
