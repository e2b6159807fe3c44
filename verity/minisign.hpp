// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace verity {

// Signatures in the format of minisign: Ed25519 over the BLAKE2b-512 of the content. The older form
// of it, over the content itself, is not taken: whoever signs for strake has a minisign of this
// decade.

/// The number that a key and its signatures carry. It finds the key and proves nothing.
using MinisignKeyId = std::array<std::byte, 8>;

/// As minisign prints it: up to 16 upper-case hex digits, without zeros in front.
std::string text_of(const MinisignKeyId &id);

/// A public key.
struct MinisignKey {
  MinisignKeyId id{};
  std::array<std::byte, 32> key{};

  bool operator==(const MinisignKey &) const = default;
};

/// The content of a file NAME.pub, or the second line of one alone. Nothing if it is anything else.
std::optional<MinisignKey> parse_minisign_key(std::string_view text);

/// The line of base64 by which a public key is known.
std::string encoded(const MinisignKey &key);
/// The content of a file NAME.pub.
std::string file_text(const MinisignKey &key);

/// What a file *.minisig says; nothing of it is proved yet.
struct MinisignSignature {
  MinisignKeyId id{};
  std::array<std::byte, 64> signature{};
  std::string trusted_comment; ///< one line of printable text and tabs
  std::array<std::byte, 64> global_signature{};
};

/// No file with a signature may be larger.
constexpr std::size_t minisign_limit = 4096;

struct MinisignReading {
  std::optional<MinisignSignature> signature;
  std::string refusal; ///< why it is none, as the end of "the signature …"
};

MinisignReading parse_minisign(std::string_view text);

/// BLAKE2b-512, of which a signature is made.
using MinisignDigest = std::array<std::byte, 64>;
MinisignDigest minisign_digest(base::Bytes content);

/// Nothing if this key signed this content and the trusted comment; else why not, as the end of
/// "the signature …".
std::optional<std::string> refusal_of(const MinisignSignature &signature,
                                      const MinisignKey &key,
                                      const MinisignDigest &digest);

} // namespace verity
