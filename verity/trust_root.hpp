// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/minisign.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace verity {

/// Keys of which so many have to sign.
struct KeySet {
  std::vector<MinisignKey> keys{}; ///< each once
  std::uint64_t threshold = 1;

  bool operator==(const KeySet &) const = default;
};

/// root.json: whose word counts, in versions that follow on each other. docs/formats/root.md.
struct TrustRoot {
  std::string repository{};
  std::uint64_t version = 1;
  std::chrono::sys_seconds issued{};
  std::chrono::sys_seconds expires{};
  KeySet root{};    ///< who may change this file: keys that are kept offline
  KeySet release{}; ///< who signs manifests

  bool operator==(const TrustRoot &) const = default;
};

constexpr std::size_t trust_root_limit = std::size_t{64} << 10U;
/// No file with the signatures of several keys may be larger.
constexpr std::size_t signatures_limit = std::size_t{64} << 10U;

/// Reads a root whose bytes are trusted already; as parse_release_manifest.
TrustRoot parse_trust_root(std::string_view text, const std::string &file);
/// The canonical text. Throws as parse_trust_root for what that would refuse.
std::string text_of(const TrustRoot &root);

/// Nothing if enough different keys of the set signed this content; else why not, beginning with
/// the name of the attack. `signatures` has those of any number of keys, one after the other, each
/// as minisign writes it; what strangers signed neither helps nor harms.
std::optional<std::string>
refusal_of(std::string_view content, std::string_view signatures, const KeySet &keys);

/// The first of the keys whose signature is good; nothing if none is.
std::optional<MinisignKey>
first_signer(std::string_view content, std::string_view signatures, const KeySet &keys);

/// Whether `next` may follow on `present`: its version is the very next one, it is of the same
/// repository, and enough of the old and of the new root keys signed it. Throws Kind::untrusted
/// with the name of the attack if not. Whether it has expired is asked of the last one only, since
/// a machine that slept has to come through those in between.
TrustRoot follow_root(const TrustRoot &present, std::string_view text, std::string_view signatures);

} // namespace verity
