// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "handoff/boot_menu.hpp"
#include "handoff/unified_image.hpp"
#include "verity/digest.hpp"

#include <map>
#include <optional>
#include <string>

namespace handoff {

/// What brings the system that would be booted next into effect.
enum class Transition {
  none,        ///< it runs already
  soft_reboot, ///< its user space alone is new: the kernel goes on
  reboot,      ///< all of it has to be started anew
};

/// "none", "soft-reboot", "reboot"
std::string_view name(Transition transition);

/// What of a boot entry only a reboot can exchange.
struct KernelSide {
  std::string release; ///< of the kernel, as `uname -r` says it; empty: the entry does not say
  /// SHA-256 of kernel, initrd, microcode and device trees, by the sections of the image (UAPI.5).
  std::map<std::string, verity::Sha256> parts{};
  std::string options{}; ///< the command line, but for the root hashes
};

/// Reads that of a unified kernel image, which was found to be one.
KernelSide read_kernel_side(const base::Fd &file, const UnifiedImage &image);

/// The command line without what says which system runs: roothash=, usrhash=.
std::string without_root_hashes(std::string_view options);

/// What there is to decide by.
struct TransitionFacts {
  bool is_running = false;             ///< what would be booted is what runs
  std::string kernel;                  ///< that runs, as `uname -r` says it
  std::optional<KernelSide> running{}; ///< nothing: its boot file is not there any more
  std::optional<KernelSide> next{};    ///< nothing: it is no unified kernel image
  std::string obstacle{};              ///< why no soft-reboot can be, whatever comes; or empty
};

struct Decision {
  Transition transition = Transition::none;
  std::string why; ///< a half sentence
};

Decision decide_transition(const TransitionFacts &facts);

} // namespace handoff
