// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace verity {

/// What a partition of type root-verity-sig or usr-verity-sig holds (UAPI.2).
struct RootHashSignature {
  Sha256 root_hash;
  std::string signature; ///< PKCS#7, DER, detached, over the hexadecimal text of the root hash
  std::optional<Sha256> certificate{}; ///< the signer's, SHA-256 of its DER form, if it is named

  bool operator==(const RootHashSignature &) const = default;
};

struct SignatureReading {
  std::optional<RootHashSignature> signature;
  std::string refusal;
};

/// No signature partition may be larger: it holds some kilobytes.
constexpr std::uint64_t signature_partition_limit = std::uint64_t{4} << 20U;

/// Reads the whole of such a partition: a JSON object, filled up with NUL bytes. Fields that are
/// not known mean nothing.
SignatureReading parse_signature_partition(std::string_view bytes);
/// The bytes of such a partition, whole blocks of 4096.
std::string encode_signature_partition(const RootHashSignature &signature);

} // namespace verity
