// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/uuid.hpp"
#include "support/certificates.hpp"
#include "verity/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// The paths and texts of the files in a file system.
using ImageFiles = std::vector<std::pair<std::string, std::string>>;

/// The bytes of an erofs, made by mkfs.erofs.
std::string erofs_of(const ImageFiles &files);
/// The bytes of a squashfs, made by mksquashfs.
std::string squashfs_of(const ImageFiles &files);

struct TreeOptions {
  unsigned data_block = 4096;
  unsigned hash_block = 4096;
  std::string salt = "5a17"; ///< hex digits; "-" for none
};

/// A hash tree with its superblock, as veritysetup writes it.
struct HashTree {
  std::string bytes;
  verity::Sha256 root{};
};

HashTree tree_of(const std::string &data, const TreeOptions &options = {});

/// A detached PKCS#7 signature of a text in DER, made by `openssl smime`.
std::string sign_pkcs7(const Identity &signer, const std::string &text);
/// The same, which only those accept who know all of the signers.
std::string sign_pkcs7(const std::vector<Identity> &signers, const std::string &text);

/// SHA-256 over the DER form of a certificate.
verity::Sha256 fingerprint_of(const Identity &signer);

/// The JSON text of a signature partition, filled up with zeros to whole 4096 bytes.
std::string signature_partition(const verity::Sha256 &root,
                                const std::string &signature,
                                const std::optional<verity::Sha256> &fingerprint = {});

/// An extension image in pieces. Tests spoil some and put the rest together.
struct ExtensionPieces {
  std::string data; ///< a file system
  HashTree tree{};
  std::string signature{}; ///< of the root hash's hex digits
};

/// The pieces that fit each other: an erofs of these files, its tree and a signature over it.
ExtensionPieces extension_pieces(const ImageFiles &files, const Identity &signer);

struct DiskPart {
  std::string type; ///< as "root-verity": a name of the Discoverable Partitions Specification
  std::string content;
  base::Uuid unique{}; ///< zero: any
  std::string label{};
  std::uint64_t attributes = 0;
};

/// What makes a DDI of the pieces: `designator`, its tree and its signature, named by the halves of
/// the root hash as the specification wants it.
std::vector<DiskPart> ddi_parts(const ExtensionPieces &pieces,
                                const std::string &designator = "root");

/// A whole disk with a GPT, of sectors of 512 or 4096 bytes; the types are this machine's.
std::string disk_of(const std::vector<DiskPart> &parts, unsigned sector_size = 512);

/// disk_of(ddi_parts(pieces)).
std::string ddi_of(const ExtensionPieces &pieces);

} // namespace support
