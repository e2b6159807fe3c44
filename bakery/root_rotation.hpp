// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/signing_key.hpp"
#include "base/host.hpp"
#include "verity/trust_root.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace bakery {

// The keys of a repository change by versions of root.json (docs/formats/root.md), which lie in one
// directory. A version that not enough people have signed yet is next.root.json there, a name that
// no client asks for; once the last one has signed, it is in force.

/// What is to become of the keys.
struct RootChange {
  std::string repository{};                         ///< its name; only for the first version
  std::vector<verity::MinisignKey> root_keys{};     ///< that come
  std::vector<verity::MinisignKey> release_keys{};  ///< that come
  std::vector<verity::MinisignKey> retired{};       ///< that go, whatever they were for
  std::optional<std::uint64_t> threshold{};         ///< of root keys; nothing: as before
  std::optional<std::uint64_t> release_threshold{}; ///< of release keys; nothing: as before
  std::optional<std::chrono::seconds> valid_for{};  ///< nothing: a year

  [[nodiscard]] bool is_empty() const { return *this == RootChange{}; }

  bool operator==(const RootChange &) const = default;
};

/// The version that follows on `present`, or the first. Throws Kind::usage for a change that makes
/// no root, or none that anybody could ever change again.
verity::TrustRoot next_root(const std::optional<verity::TrustRoot> &present,
                            const RootChange &change,
                            std::chrono::sys_seconds now);

enum class RotationDoing { perform, tell };

struct RotationRequest {
  std::string directory; ///< absolute path; has to be there
  RootChange change{};
  const SigningKey *key = nullptr; ///< of whoever signs now; null: nobody
  RotationDoing doing = RotationDoing::perform;
};

struct Rotation {
  std::optional<verity::TrustRoot> before{};
  verity::TrustRoot root{}; ///< that is being signed
  std::string missing{};    ///< whose signatures; empty: it is in force
};

/// Makes the next version, or takes the one that waits for signatures, signs it, and puts it in
/// force if that was the last signature. Every version there is was checked before.
///
/// After a failure or a power cut at any moment each version that is to be seen has its signatures,
/// and the next call goes on. Throws Kind::usage as next_root(), for a change while another one
/// waits, where there is nothing to sign, and for a key that has no say; Kind::untrusted if one of
/// the versions does not follow on the one before.
Rotation rotate(const base::Host &host, const RotationRequest &request);

} // namespace bakery
