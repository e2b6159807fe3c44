// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/digest.hpp"
#include "verity/image_policy.hpp"
#include "verity/private_copy.hpp"

#include <optional>
#include <string>
#include <vector>

namespace verity {

/// A file system of an image that may be mounted: its protection is what the policy asks for, and
/// what lies in `range` of `source` is what was checked.
struct CheckedPart {
  std::string designator;  ///< "root" or "usr"
  std::string file_system; ///< "erofs"; by its superblock, read after the check
  /// Open for reading. A protected one is a block device of dm-verity, see mapped_device(), or a
  /// private copy that nobody can change any more, see checked_copy(). An unprotected one is the
  /// image itself.
  base::Fd source;
  base::ByteRange range{};
  Protection protection = Protection::unprotected;
  std::optional<Sha256> root_hash{}; ///< of what is protected
  std::string signer{};              ///< the certificate's path, or kernel_keys; empty: unsigned
  Sha256 signer_fingerprint{};       ///< of that certificate; see RootHashVerdict
  std::string shortcoming{};         ///< why it is not protected better; empty if it is signed
};

/// Opens the image at `path` beneath host.root, a file or block device: the partitions root and
/// /usr of a DDI, or the file system that it is. Root hash and signature come from what lies beside
/// it (see Sidecar), from its signature partition, or, the hash alone, from the UUIDs of data and
/// tree. Signatures are judged by the kernel, where this machine has a device-mapper, and if it
/// does not take them by the certificates in verity.d of host.root.
///
/// The policy is judged before anything is copied or given back, so before a kernel reads a byte of
/// the file systems. What is protected is then checked by the kernel whenever it reads a block, if
/// there is a device-mapper; else it is read once, copied and hashed against its tree, and with one
/// bad block anywhere nothing is given back. A signature that is not good makes an image
/// unsigned, never unprotected. The variables of VeritySwitches, $SYSTEMD_DISSECT_FILE_SYSTEMS and
/// $SYSTEMD_DISSECT_FSTYPE_ROOT and _USR count as they do for systemd, but what was not checked is
/// never taken for signed.
///
/// Throws untrusted where a rule refuses it, config where the image or what belongs to it is
/// broken, not_found, no_space and io.
std::vector<CheckedPart> open_image(const base::Host &host,
                                    const std::string &path,
                                    const ImagePolicy &policy,
                                    const CopyPlace &place = {});

/// The root hash that an image claims, found as above but not checked: of its root, else of its
/// /usr. Nothing if it claims none. Reads a few sectors. Whether the image has changed can be told
/// from it only if it is used protected. Throws as open_image().
std::optional<Sha256> claimed_root_hash(const base::Host &host, const std::string &path);

} // namespace verity
