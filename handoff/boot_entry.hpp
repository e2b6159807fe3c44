// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "handoff/boot_name.hpp"
#include "handoff/unified_image.hpp"
#include "verity/digest.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// The two types of entries that the Boot Loader Specification (UAPI.1) has, and one that is no
/// file.
enum class BootEntryType {
  text,    ///< type 1: a file in /loader/entries that names kernel, initrds and options
  unified, ///< type 2: a unified kernel image in /EFI/Linux
  marked,  ///< a partition that the loader takes by verity::BootMarks
};

/// "type1", "type2", "gpt"
std::string_view name(BootEntryType type);

/// One entry, as its file describes it.
struct BootEntry {
  BootEntryType type = BootEntryType::text;
  BootName name;
  std::string path{}; ///< of its file, below the partition
  std::string title{};
  std::string sort_key{};
  std::string version{};
  std::string machine_id{};
  std::string architecture{}; ///< as the file says it; empty: any
  std::string options{};      ///< the kernel's command line
  std::string program{};      ///< of a text entry: what is booted, a path below the partition
  /// What has to be there besides: initrds, device trees and extras, as such paths.
  std::vector<std::string> needs{};
};

/// A text entry. Keys that are not known count as little as for boot loaders.
BootEntry parse_text_entry(const BootName &name, std::string_view text);

/// What loaders take out of os-release for an entry (UAPI.5).
struct ReleaseNames {
  std::string title;
  std::string version;
  std::string sort_key;
};

ReleaseNames names_of(const std::map<std::string, std::string> &release);

/// What a unified kernel image says of itself.
BootEntry describe(const BootName &name, const UnifiedImage &image);

/// As boot loaders order their menu, the one on top first: entries that have a try left before
/// those that have not, those with a sort key before those without; then by sort key and machine,
/// the newest version first, and by name. True if `one` comes before `other`.
bool comes_before(const BootEntry &one, const BootEntry &other);

/// The verity root hashes on a kernel's command line (roothash=, usrhash=), which say what it runs
/// from.
struct RootHash {
  std::string option; ///< "roothash", "usrhash"
  verity::Sha256 hash;
};

std::vector<RootHash> root_hashes(std::string_view options);

} // namespace handoff
