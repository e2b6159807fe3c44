// SPDX-License-Identifier: Apache-2.0
#include "verity/key_block.hpp"

#include "verity/openpgp_packets.hpp"

#include <algorithm>

namespace verity {

namespace {

constexpr unsigned subkey_binding = 0x18;
constexpr unsigned subkey_revocation = 0x28;

struct Subkey {
  std::chrono::sys_seconds made;
  std::string packets;
  bool bound = false;
  bool revoked = false;
};

struct Certificate {
  std::string_view primary;
  std::vector<Subkey> subkeys; ///< those that may be taken
};

void read_signature_about(Subkey &subkey, const Packet &packet, std::chrono::sys_seconds now)
{
  const auto facts = read_signature(packet.body);
  if (!facts)
    return;
  subkey.revoked = subkey.revoked || facts->type == subkey_revocation;
  const std::chrono::seconds lifetime(facts->key_lifetime_seconds.value_or(0));
  const bool expired = lifetime.count() != 0 && subkey.made + lifetime <= now;
  if (facts->type != subkey_binding || expired)
    return;
  subkey.bound = true;
  subkey.packets += packet.whole;
}

/// Nothing if this is not exactly one certificate.
std::optional<Certificate> read_certificate(std::string_view bytes, std::chrono::sys_seconds now)
{
  const auto packets = split_packets(bytes);
  if (!packets || packets->empty() || packets->front().tag != PacketTag::public_key)
    return std::nullopt;
  Certificate read{.primary = packets->front().body, .subkeys = {}};
  bool about_subkey = false;
  for (const Packet &packet : std::span(*packets).subspan(1)) {
    if (packet.tag == PacketTag::public_key)
      return std::nullopt;
    if (packet.tag == PacketTag::signature) {
      if (about_subkey)
        read_signature_about(read.subkeys.back(), packet, now);
      continue;
    }
    const auto made =
        packet.tag == PacketTag::public_subkey ? key_creation(packet.body) : std::nullopt;
    about_subkey = made.has_value();
    if (made)
      read.subkeys.push_back({.made = *made, .packets = std::string(packet.whole)});
  }
  std::erase_if(read.subkeys, [](const Subkey &key) { return !key.bound || key.revoked; });
  return read;
}

using CreationTimes = std::vector<std::optional<std::chrono::sys_seconds>>;

/// Of the subkeys that the ring has for this primary key, in whichever file.
CreationTimes times_of_subkeys(const Keyring &ring, std::string_view primary)
{
  CreationTimes times;
  for (const KeyringFile &file : ring) {
    bool inside = false;
    for (const Packet &packet : split_packets(file.packets).value_or(std::vector<Packet>{})) {
      if (packet.tag == PacketTag::public_key)
        inside = packet.body == primary;
      else if (inside && packet.tag == PacketTag::public_subkey)
        times.push_back(key_creation(packet.body));
    }
  }
  return times;
}

/// A file's packets with `addition` at the end of each certificate of this primary key.
std::string extended(const std::string &file, std::string_view primary, const std::string &addition)
{
  const auto packets = split_packets(file);
  if (!packets)
    return file;
  std::string result;
  bool inside = false;
  for (const Packet &packet : *packets) {
    if (packet.tag == PacketTag::public_key) {
      result += inside ? addition : "";
      inside = packet.body == primary;
    }
    result += packet.whole;
  }
  return result + (inside ? addition : "");
}

} // namespace

Keyring with_new_subkeys(Keyring ring, std::string_view certificate, std::chrono::sys_seconds now)
{
  const auto brought = read_certificate(certificate, now);
  if (!brought)
    return ring;
  const CreationTimes known = times_of_subkeys(ring, brought->primary);
  std::string addition;
  for (const Subkey &subkey : brought->subkeys)
    if (std::find(known.begin(), known.end(), subkey.made) == known.end())
      addition += subkey.packets;
  if (!addition.empty())
    for (KeyringFile &file : ring)
      file.packets = extended(file.packets, brought->primary, addition);
  return ring;
}

} // namespace verity
