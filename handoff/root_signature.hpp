// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "handoff/boot_slot.hpp"
#include "verity/root_hash_claim.hpp"

#include <string>
#include <string_view>

namespace handoff {

/// Whether the root of a system has to be signed, for a soft-reboot into it.
enum class SignatureNeed {
  none,       ///< a boot would not look at it either
  by_entry,   ///< roothashsig= on the entry's command line
  by_machine, ///< dm-verity of the kernel that runs demands it (dm_verity.require_signatures=)
};

SignatureNeed signature_need(const base::Host &host, std::string_view options);

/// The root hash with the signature that the command line names with roothashsig=, as base64 or as
/// a file beneath the root; else with that of a partition of type root-verity-sig which is about
/// this hash; else with none. Throws not_found where the file is not there, and config where what
/// is named is no base64.
verity::RootHashClaim claim_of(const base::Host &host,
                               const SlotDisk &disk,
                               std::string_view options,
                               const verity::Sha256 &root_hash);

/// Why a root may not be used of which the kernel has accepted no signature, as half a sentence;
/// empty: it may. `signer` says whether it is by a key of verity.d; where the machine needs one,
/// that is not enough.
std::string refusal_of(SignatureNeed need,
                       const verity::RootHashClaim &claim,
                       const verity::RootHashVerdict &signer);

/// The device of a root, through dm-verity. Throws untrusted where it may not be used.
base::Fd open_signed_root(const base::Host &host,
                          const verity::HashedData &source,
                          const verity::RootHashClaim &claim,
                          SignatureNeed need);

} // namespace handoff
