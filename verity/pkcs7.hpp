// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "verity/digest.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace verity {

/// A certificate whose key may sign root hashes.
struct PinnedCertificate {
  std::string path; ///< beneath the root
  std::string pem;  ///< empty if what is there cannot be a certificate
};

/// The answer to "did one of these sign this root hash?"
struct RootHashVerdict {
  bool trusted = false;
  std::string why{};         ///< if not trusted: what was wrong, for people
  std::string certificate{}; ///< if trusted: the path of the one that did
  Sha256 fingerprint{};      ///< if trusted: SHA-256 of its DER form
};

/// Who signs root hashes.
struct RootHashSigner {
  std::string key_pem;         ///< an EC or RSA key without a passphrase
  std::string certificate_pem; ///< of that key
};

/// No PKCS#7 signature of a root hash may be larger.
constexpr std::size_t pkcs7_limit = std::size_t{1} << 20U;

/// The files *.crt in verity.d below /etc, /run, /usr/local/lib and /usr/lib of `root`, of which
/// one masks those of its name in the later ones, and an empty one or a link to /dev/null stands
/// for none at all.
std::vector<PinnedCertificate> read_pinned_certificates(const base::Dir &root);

/// Whether `signature` (PKCS#7, DER) is a signature of the root hash, as 64 lower-case digits, by
/// the key of one of the certificates. Being in the list is all the trust there is: issuer, dates
/// and purposes are not looked at, and what certificates the signature brings along does not
/// count. If a signer is named by fingerprint, it must be the one.
RootHashVerdict verify_root_hash(const Sha256 &root_hash,
                                 std::string_view signature,
                                 const std::optional<Sha256> &signer,
                                 const std::vector<PinnedCertificate> &certificates);

/// A signature as verify_root_hash() and the kernel take it: detached, in DER form, with neither
/// certificates nor attributes in it. With an RSA key it is the same each time. Throws Kind::config
/// if key and certificate cannot be read or do not belong together; never with a part of the key.
std::string sign_root_hash(const Sha256 &root_hash, const RootHashSigner &signer);
/// SHA-256 of a certificate's DER form; throws Kind::config if it is none in PEM form.
Sha256 certificate_fingerprint(std::string_view pem);

} // namespace verity
