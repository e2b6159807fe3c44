// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "handoff/boot_menu.hpp"
#include "handoff/unified_image.hpp"

#include <map>
#include <optional>
#include <string>

namespace handoff {

/// What brings the system that would be booted next into effect.
enum class Transition {
  none,        ///< it runs already
  soft_reboot, ///< its user space alone is new: the kernel goes on
  kexec,       ///< the kernel that runs starts it, without firmware and boot loader
  reboot,      ///< all of it has to be started anew
};

/// "none", "soft-reboot", "kexec", "reboot"
std::string_view name(Transition transition);

/// Whether a kexec may take the place of a reboot. What is measured and initialised at a boot is
/// not then, so it is for whoever knows the machine to say.
enum class Kexec { unwanted, wanted };

/// What of a boot entry only a reboot can exchange.
struct KernelSide {
  std::string release; ///< of the kernel, as `uname -r` says it; empty: the entry does not say
  /// Where kernel, initrd, microcode and device trees lie in the file, by sections (UAPI.5).
  std::map<std::string, base::ByteRange> parts{};
  std::string options{}; ///< the command line, but for the root hashes
};

/// That of a unified kernel image.
KernelSide kernel_side_of(const UnifiedImage &image);

/// A boot file, open, and what of it only a reboot can exchange.
struct KernelFile {
  base::Fd file;
  KernelSide side;
};

/// Name of the first part that is not the same in both, byte by byte; empty if all are.
std::string differing_part(const KernelFile &running, const KernelFile &next);

/// The command line without what says which system runs: roothash=, usrhash=.
std::string without_root_hashes(std::string_view options);

/// What there is to decide by.
struct TransitionFacts {
  bool is_running = false;             ///< what would be booted is what runs
  std::string kernel;                  ///< that runs, as `uname -r` says it
  std::optional<KernelSide> running{}; ///< nothing: its boot file is not there any more
  std::optional<KernelSide> next{};    ///< nothing: it is no unified kernel image
  std::string differing_part{};        ///< of these two
  std::string obstacle{};              ///< why no soft-reboot can be, whatever comes; or empty
  /// Why no kexec can be, or empty; nothing: nobody wants one.
  std::optional<std::string> kexec_obstacle{};
};

struct Decision {
  Transition transition = Transition::none;
  std::string why; ///< a half sentence
};

Decision decide_transition(const TransitionFacts &facts);

} // namespace handoff
