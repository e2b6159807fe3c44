// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The framing of OpenPGP (RFC 9580, section 4), as far as strake must know what it hands to sqv
// and gpgv. Nothing here is cryptography: what these functions read is believed only to refuse.

namespace verity {

enum class PacketTag : unsigned { signature = 2, public_key = 6, public_subkey = 14 };

struct Packet {
  PacketTag tag; ///< others than those named keep their number
  std::string_view body;
  std::string_view whole; ///< with its header
};

/// Cuts `bytes` into packets; nothing if they are not a whole number of packets with definite
/// lengths. The packets point into `bytes`.
std::optional<std::vector<Packet>> split_packets(std::string_view bytes);

/// What a signature packet says about itself in the part that it signs.
struct SignatureFacts {
  unsigned type = 0; ///< 0 is a binary document, 1 a text
  std::optional<std::chrono::sys_seconds> made;
  std::optional<std::uint32_t> key_lifetime_seconds; ///< from the key's creation; 0 is for ever
  bool grants_key_flags = false;                     ///< only a key's signature about itself does
  std::string_view key_block; ///< the signer's certificate, if brought along; points into the body
};

std::optional<SignatureFacts> read_signature(std::string_view body);

/// When the key or subkey with this packet body says it was made; nothing if it is cut short.
std::optional<std::chrono::sys_seconds> key_creation(std::string_view body);

/// The content of all armored blocks with this label ("PGP SIGNATURE") in a text, one after the
/// other; nothing if there is none or if one is damaged. Text around the blocks is skipped.
std::optional<std::string> unarmor(std::string_view text, std::string_view label);

/// The keys in a GnuPG keybox; nothing if this is no keybox or a damaged one.
std::optional<std::string> unpack_keybox(std::string_view bytes);

/// A keyring without the keys and subkeys that have expired at `now`. sqv takes a signature that
/// claims to be from a time when the key was alive, and whoever finds an old key can claim that.
/// A ring that cannot be cut into packets stays as it is, for the tool to refuse.
std::string without_expired(const std::string &keyring, std::chrono::sys_seconds now);

} // namespace verity
