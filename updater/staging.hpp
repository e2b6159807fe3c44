// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/extent.hpp"
#include "verity/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace updater {

/// What is known of a payload that did not come to its end: how much of it may be counted on, and
/// where it lies. Kept in DIGEST.json in the staging directory, beside DIGEST.blob. Nothing breaks
/// if it is wrong: the bytes are digested again, and a payload that does not match is fetched anew.
struct Progress {
  std::uint64_t have = 0; ///< bytes that were synced
  std::string validator;  ///< of the server's, for If-Range
  std::string boot_id;    ///< of the boot that wrote it: in the same boot the blob's length says
                          ///< more than `have`, because the page cache is still there
  std::string place;      ///< "staged", or the slot or file the bytes lie in

  bool operator==(const Progress &) const = default;
};

/// The directory payloads are staged in, made if it is not there.
base::Dir open_staging(base::Sys &sys, const base::Dir &state);

std::string blob_name(const verity::Sha256 &digest);

std::optional<Progress> read_progress(const base::Dir &staging, const verity::Sha256 &digest);
void write_progress(base::Sys &sys,
                    const base::Dir &staging,
                    const verity::Sha256 &digest,
                    const Progress &progress);
/// Removes the blob and the record of a payload.
void discard(base::Sys &sys, const base::Dir &staging, const verity::Sha256 &digest);

/// Identifies this boot (/proc/sys/kernel/random/boot_id).
std::string boot_id(const base::Host &host);

} // namespace updater
