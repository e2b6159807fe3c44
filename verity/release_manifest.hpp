// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/digest.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace verity {

// manifest.json, the signed list of all that a repository offers; docs/formats/manifest.md says
// what each field means and which attack it ends. Here it is a value, and its text.

/// A file that belongs to a release.
struct Artifact {
  std::string name{};         ///< relative to the manifest; no "..", no controls, no "%"
  std::string transfer{};     ///< id of the transfer that it is for; empty: any that it matches
  std::string architecture{}; ///< as systemd names it; empty: any
  std::uint64_t size = 0;     ///< in bytes, as it is downloaded
  Sha256 sha256{};            ///< of these bytes
  std::optional<std::uint64_t> raw_size{}; ///< in bytes, unpacked; nothing: it is not packed
  std::optional<Sha256> raw_sha256{};
  std::optional<Sha256> root_hash{}; ///< of its hash tree, where it has one

  bool operator==(const Artifact &) const = default;
};

/// An operating system that a release of an extension fits: all that is said must hold.
struct FittingSystem {
  std::string id{};          ///< ID= of os-release; "_any" fits every system
  std::string level{};       ///< SYSEXT_LEVEL= or CONFEXT_LEVEL=; empty: any
  std::string version_id{};  ///< VERSION_ID=; empty: any
  std::string min_version{}; ///< of IMAGE_VERSION=, else VERSION_ID=; empty: any
  std::string max_version{};

  bool operator==(const FittingSystem &) const = default;
};

/// From `start` on the machines whose seed is less than `seed_end` may have a release.
struct Wave {
  std::uint64_t seed_end = 0; ///< up to wave_seeds
  std::chrono::sys_seconds start{};

  bool operator==(const Wave &) const = default;
};

constexpr std::uint64_t wave_seeds = 2048;

enum class ReleaseKind { os, sysext, confext };

std::string_view name(ReleaseKind kind);

struct Release {
  std::string name{}; ///< of the extension, or of the system
  ReleaseKind kind = ReleaseKind::sysext;
  std::string version{};
  std::string description{}; ///< one line for people
  std::uint64_t added = 0;   ///< sequence of the manifest that had it first
  std::optional<std::chrono::sys_seconds> published{}; ///< when that manifest was issued
  std::string min_version{};                           ///< what it can follow on; empty: anything
  std::string max_version{};
  bool barrier = false;              ///< no machine that is older may go past it
  bool security = false;             ///< closes a hole
  std::string withdrawn{};           ///< why it is not to be installed any more; empty: it is
  std::vector<FittingSystem> fits{}; ///< one of them has to; empty: every system
  std::vector<Wave> waves{};         ///< by rising seed and time; empty: all machines at once
  std::vector<Artifact> artifacts{}; ///< at least one

  bool operator==(const Release &) const = default;
};

struct ReleaseManifest {
  std::string repository{}; ///< which one this is; stays the same for ever
  std::string product{};    ///< empty: for every machine that has the key
  std::string channel{};    ///< "stable"
  std::uint64_t sequence = 0;
  std::chrono::sys_seconds issued{};
  std::chrono::sys_seconds expires{};
  std::string min_client{}; ///< the oldest strake that understands it; empty: any
  std::uint64_t keys = 0;   ///< version of root.json that its key was taken from; 0: there is none
  std::vector<Release> releases{};

  bool operator==(const ReleaseManifest &) const = default;
};

/// No manifest may be larger; 10,000 releases have some 5 MiB.
constexpr std::size_t release_manifest_limit = std::size_t{16} << 20U;
/// Numbers stay exact in every JSON library (RFC 8259, 6).
constexpr std::uint64_t largest_number = (std::uint64_t{1} << 53U) - 1;

/// Reads a manifest whose bytes are trusted already. `file` is for messages. Fields that are not
/// known are passed over: what must not be passed over raises `spec`. Throws Kind::untrusted,
/// naming the field and what was expected, for all else: text that is no JSON or names a field
/// twice, what is nested deeper than a manifest is, names that lead elsewhere, two contents by one
/// name.
ReleaseManifest parse_release_manifest(std::string_view text, const std::string &file);

/// The canonical text: the same value gives the same bytes. Throws as parse_release_manifest for
/// what that would refuse.
std::string text_of(const ReleaseManifest &manifest);

/// What a repository, channel, extension or file may be called.
bool is_manifest_name(std::string_view text);

/// "2026-11-26T15:00:00Z" (RFC 3339), and nothing else.
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text);
std::string text_of(std::chrono::sys_seconds time);

} // namespace verity
