// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace verity {

/// The answer to "did a key of this keyring sign these bytes?"
struct Verdict {
  bool trusted = false;
  std::string why;         ///< if not trusted: what was wrong, for people
  std::string fingerprint; ///< if trusted: of the primary key, upper-case hex
  /// If trusted: when the signature that was found good says it was made.
  std::optional<std::chrono::sys_seconds> signed_at;
};

/// One keyring file, as plain OpenPGP packets.
struct KeyringFile {
  std::string path;
  std::string packets;
};

using Keyring = std::vector<KeyringFile>;

/// No signature file may be larger: a signature is some hundred bytes for each signer.
constexpr std::size_t signature_limit = 64 * 1024;

/// Reads the machine's OpenPGP trust, never that of an image given by --root or --image:
/// $SYSTEMD_OPENPGP_KEYRING alone if it is set; else /etc/systemd/import-pubring.pgp (or the
/// legacy .gpg) and, besides it, /usr/lib/systemd/import-pubring.pgp (or .gpg). Where the one in
/// /etc is a symlink to /dev/null, nothing is trusted.
/// Throws Kind::untrusted if there is none, or if a file could be changed by somebody other than
/// root or the caller.
Keyring read_keyring(const base::Host &host);

/// A keyring file's content as plain packets: it may be binary, armored or a GnuPG keybox. `path`
/// is for the message of Kind::config if it is none of these.
std::string unpack_keyring(std::string_view content, const std::string &path);

/// Asks `sqv`, or `gpgv` where that is not installed, whether `signature` (armored or binary) is a
/// detached signature of exactly these bytes by at least one key of the ring that has neither
/// expired (at `now`) nor been revoked. A subkey that the ring does not have counts as well if the
/// signature brings it along (gpg --include-key-block), bound by a primary key of the ring: see
/// with_new_subkeys(). Signatures by unknown keys beside it do no harm. Only
/// binary document signatures that are not from the future count: a text signature would let line
/// ends be changed, and a signed message in place of a signature would be checked instead of the
/// data. A "no" is a Verdict; throws Kind::config if neither program is there and Kind::io if it
/// cannot be run.
Verdict verify_openpgp(base::Runner &programs,
                       const Keyring &keyring,
                       base::Bytes data,
                       base::Bytes signature,
                       std::chrono::sys_seconds now);

/// Reads what gpgv writes to --status-fd.
Verdict read_gpgv_status(std::string_view status);

} // namespace verity
