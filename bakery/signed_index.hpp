// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/index.hpp"
#include "bakery/index_files.hpp"
#include "bakery/signing_key.hpp"
#include "base/host.hpp"
#include "verity/minisign.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// The signed files of one channel. None of the OpenPGP signature if nobody made one.
struct ChannelFiles {
  std::string manifest;            ///< manifest.json
  std::string manifest_signature;  ///< manifest.json.minisig
  std::string checksums;           ///< SHA256SUMS
  std::string checksums_signature; ///< SHA256SUMS.gpg

  bool operator==(const ChannelFiles &) const = default;
};

/// An index with all that is signed of it. The candidates are only in it where there are some.
struct SignedIndex {
  Index index;
  std::map<Channel, ChannelFiles> channels;
  verity::MinisignKey key;       ///< of those who signed, the first
  std::string openpgp_keyring;   ///< that verifies SHA256SUMS.gpg; may be empty
  std::string keyring_signature; ///< of it, by the key
};

/// Who signs.
struct SigningKeys {
  std::vector<const SigningKey *> keys{}; ///< at least one; each signs each list
  std::string gpg_key;                    ///< as gpg knows it; empty: no SHA256SUMS.gpg
};

/// Signs both channels of an index. Throws what gpg says where it cannot, Kind::usage where the
/// newest root has others sign, or more of them, and Kind::stale if that root has ended. Without a
/// root there is no more than one key.
SignedIndex sign(const base::Host &host, Index index, const SigningKeys &keys);

/// Reads an index as it is published, if enough of these keys have signed it; every signature is
/// checked before what is signed is read. A
/// signature by OpenPGP is kept as it is, over exactly the text that follows from the manifest; so
/// is the keyring, if the key has signed it. Nothing if there is no manifest. Throws
/// Kind::untrusted for anything else than these keys signed, or that does not fit together.
std::optional<SignedIndex> read_signed_index(const ReadFile &read, const verity::KeySet &keys);

/// All files of the index, for a repository that is reached by `url`.
IndexFiles files_of(const SignedIndex &signed_index, const std::string &url);

} // namespace bakery
