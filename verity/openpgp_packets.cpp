// SPDX-License-Identifier: Apache-2.0
#include "verity/openpgp_packets.hpp"

#include "verity/base64.hpp"

#include <array>

namespace verity {

namespace {

/// Reads big-endian numbers and stretches of bytes, and remembers whether there were enough.
class Reader {
public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  [[nodiscard]] bool good() const noexcept { return good_; }

  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

  std::uint64_t number(std::size_t width)
  {
    std::uint64_t result = 0;
    for (const char byte : take(width))
      result = result << 8U | static_cast<unsigned char>(byte);
    return result;
  }

  std::string_view take(std::uint64_t count)
  {
    if (count > left_.size()) {
      good_ = false;
      left_ = {};
      return {};
    }
    const std::string_view result = left_.substr(0, count);
    left_.remove_prefix(count);
    return result;
  }

private:
  std::string_view left_;
  bool good_ = true;
};

/// A length of one, two or five bytes; `two_byte_end` is where the two-byte form ends, which
/// differs between packets (224, partial lengths follow) and subpackets (255).
std::optional<std::uint64_t> read_length(Reader &reader, std::uint64_t two_byte_end)
{
  const std::uint64_t first = reader.number(1);
  if (first < 192)
    return first;
  if (first < two_byte_end)
    return (first - 192) * 256 + reader.number(1) + 192;
  if (first == 255)
    return reader.number(4);
  return std::nullopt;
}

std::optional<std::uint64_t> read_packet_length(Reader &reader, unsigned header)
{
  if ((header & 0x40U) != 0)
    return read_length(reader, 224);
  const unsigned width = header & 3U;
  if (width == 3)
    return std::nullopt; // "up to the end of the file"
  return reader.number(std::size_t{1} << width);
}

std::chrono::sys_seconds at(std::uint64_t seconds)
{
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

void read_subpacket(std::string_view subpacket, SignatureFacts &facts)
{
  Reader reader(subpacket);
  const std::uint64_t type = reader.number(1) & 0x7fU; // the high bit says "critical"
  constexpr std::uint64_t creation_time = 2;
  constexpr std::uint64_t key_expiration = 9;
  constexpr std::uint64_t key_flags = 27;
  constexpr std::uint64_t key_block = 38;
  if (type == creation_time && subpacket.size() == 5)
    facts.made = at(reader.number(4));
  else if (type == key_expiration && subpacket.size() == 5)
    facts.key_lifetime_seconds = static_cast<std::uint32_t>(reader.number(4));
  else if (type == key_flags)
    facts.grants_key_flags = true;
  else if (type == key_block && subpacket.size() > 2 && reader.number(1) == 0) // the format
    facts.key_block = subpacket.substr(2);
}

std::optional<SignatureFacts> read_old_signature(Reader reader)
{
  SignatureFacts facts;
  if (reader.number(1) != 5)
    return std::nullopt;
  facts.type = static_cast<unsigned>(reader.number(1));
  facts.made = at(reader.number(4));
  return reader.good() ? std::optional(facts) : std::nullopt;
}

std::string_view trimmed(std::string_view line)
{
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  return line;
}

std::string_view take_line(std::string_view &text)
{
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(line);
}

/// The rest of a block after its first line. The checksum line is not looked at, as RFC 9580
/// asks: the signature is the check.
std::optional<std::string> read_block(std::string_view &text, const std::string &end)
{
  while (!text.empty() && !take_line(text).empty()) {
  } // the headers, up to an empty line
  std::string base64;
  bool in_checksum = false;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line == end)
      return decode_base64(base64);
    in_checksum = in_checksum || (line.starts_with('=') && line.size() == 5);
    if (!in_checksum)
      base64 += line;
  }
  return std::nullopt;
}

/// A key or subkey with all packets up to the next one.
struct KeyPart {
  const Packet &key;
  std::string packets;
  std::optional<std::chrono::sys_seconds> judged; ///< when the newest word about it was spoken
  bool expired = false;
};

void judge(KeyPart &part, const Packet &packet, std::chrono::sys_seconds now)
{
  const auto facts = read_signature(packet.body);
  if (!facts || !facts->grants_key_flags || !facts->made ||
      (part.judged && *facts->made < *part.judged))
    return;
  const auto made = key_creation(part.key.body);
  const std::uint32_t lifetime = facts->key_lifetime_seconds.value_or(0);
  part.judged = facts->made;
  part.expired = lifetime != 0 && (!made || *made + std::chrono::seconds(lifetime) <= now);
}

std::vector<KeyPart> key_parts(const std::vector<Packet> &packets, std::chrono::sys_seconds now)
{
  std::vector<KeyPart> parts;
  for (const Packet &packet : packets) {
    const bool starts =
        packet.tag == PacketTag::public_key || packet.tag == PacketTag::public_subkey;
    if (starts || parts.empty())
      parts.push_back({.key = packet, .packets = {}, .judged = {}});
    parts.back().packets += packet.whole;
    if (packet.tag == PacketTag::signature)
      judge(parts.back(), packet, now);
  }
  return parts;
}

} // namespace

std::optional<std::vector<Packet>> split_packets(std::string_view bytes)
{
  std::vector<Packet> packets;
  Reader reader(bytes);
  for (std::size_t at_byte = 0; !reader.at_end();) {
    const auto header = static_cast<unsigned>(reader.number(1));
    if ((header & 0x80U) == 0)
      return std::nullopt;
    const auto length = read_packet_length(reader, header);
    if (!length || !reader.good())
      return std::nullopt;
    const std::string_view body = reader.take(*length);
    if (!reader.good())
      return std::nullopt;
    const unsigned tag = (header & 0x40U) != 0 ? header & 0x3fU : header >> 2U & 0xfU;
    const auto end = static_cast<std::size_t>(body.data() + body.size() - bytes.data());
    packets.push_back({static_cast<PacketTag>(tag), body, bytes.substr(at_byte, end - at_byte)});
    at_byte = end;
  }
  return packets;
}

std::optional<SignatureFacts> read_signature(std::string_view body)
{
  Reader reader(body);
  const std::uint64_t version = reader.number(1);
  if (version == 3)
    return read_old_signature(reader);
  if (version != 4 && version != 6)
    return std::nullopt;
  SignatureFacts facts;
  facts.type = static_cast<unsigned>(reader.number(1));
  (void)reader.number(2); // the algorithms
  Reader hashed(reader.take(reader.number(version == 6 ? 4 : 2)));
  while (!hashed.at_end()) {
    const auto length = read_length(hashed, 255);
    if (!length || *length == 0)
      return std::nullopt;
    read_subpacket(hashed.take(*length), facts);
  }
  if (!reader.good() || !hashed.good())
    return std::nullopt;
  return facts;
}

std::optional<std::chrono::sys_seconds> key_creation(std::string_view body)
{
  Reader reader(body);
  (void)reader.number(1); // the version
  const std::chrono::sys_seconds made = at(reader.number(4));
  return reader.good() ? std::optional(made) : std::nullopt;
}

std::optional<std::string> unarmor(std::string_view text, std::string_view label)
{
  const std::string begin = "-----BEGIN " + std::string(label) + "-----";
  const std::string end = "-----END " + std::string(label) + "-----";
  std::optional<std::string> result;
  while (!text.empty()) {
    if (take_line(text) != begin)
      continue;
    const auto block = read_block(text, end);
    if (!block)
      return std::nullopt;
    result = result.value_or("") + *block;
  }
  return result;
}

std::optional<std::string> unpack_keybox(std::string_view bytes)
{
  constexpr std::uint64_t header_blob = 1;
  constexpr std::uint64_t openpgp_blob = 2;
  if (bytes.size() < 12 || bytes.substr(8, 4) != "KBXf")
    return std::nullopt;
  std::string keys;
  for (bool first = true; !bytes.empty(); first = false) {
    Reader length_reader(bytes);
    const std::uint64_t length = length_reader.number(4);
    if (!length_reader.good() || length < 16 || length > bytes.size())
      return std::nullopt;
    const std::string_view blob = bytes.substr(0, length);
    bytes.remove_prefix(length);
    Reader reader(blob.substr(4));
    const std::uint64_t type = reader.number(1);
    if ((type == header_blob) != first)
      return std::nullopt;
    (void)reader.number(3); // version and flags
    const std::uint64_t offset = reader.number(4);
    const std::uint64_t size = reader.number(4);
    if (type != openpgp_blob)
      continue;
    if (offset > blob.size() || size > blob.size() - offset)
      return std::nullopt;
    keys += blob.substr(offset, size);
  }
  return keys;
}

std::string without_expired(const std::string &keyring, std::chrono::sys_seconds now)
{
  const auto packets = split_packets(keyring);
  if (!packets)
    return keyring;
  std::string kept;
  bool primary_expired = false; // takes its subkeys with it
  for (const KeyPart &part : key_parts(*packets, now)) {
    if (part.key.tag == PacketTag::public_key)
      primary_expired = part.expired;
    if (!primary_expired && !part.expired)
      kept += part.packets;
  }
  return kept;
}

} // namespace verity
