// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/pkcs7.hpp"
#include "verity/private_copy.hpp"

#include <optional>
#include <string>

namespace verity {

/// A root hash, where it comes from, and what speaks for it.
struct RootHashClaim {
  Sha256 root_hash;
  std::string source;                  ///< for messages
  std::string signature{};             ///< PKCS#7, DER; empty if there is none
  std::optional<Sha256> certificate{}; ///< the signer's, SHA-256 of its DER form, if it is named
};

/// Who signed it; and its device, where it is the kernel that knows the key.
struct ClaimVerdict {
  RootHashVerdict signer{};
  base::Fd device{};
};

/// Whether the signature of a claim, which has one, is by a key that this machine trusts. The
/// kernel is asked before verity.d, because it may know other keys, and only where `for_kernel`
/// says what the device would be made of. Switches may forbid to look at verity.d.
ClaimVerdict
judge_claim(const base::Host &host, const RootHashClaim &claim, const HashedData *for_kernel);

} // namespace verity
