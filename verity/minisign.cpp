// SPDX-License-Identifier: Apache-2.0
#include "verity/minisign.hpp"

#include "base/error.hpp"
#include "base/little_endian.hpp"
#include "verity/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace verity {

namespace {

constexpr std::string_view key_algorithm = "Ed";
constexpr std::string_view digest_algorithm = "ED"; // over the digest of the content
constexpr std::string_view untrusted_prefix = "untrusted comment: ";
constexpr std::string_view trusted_prefix = "trusted comment: ";
constexpr std::size_t algorithm_size = 2;

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

const unsigned char *bytes(const void *data)
{
  return static_cast<const unsigned char *>(data);
}

/// The lines of a text, each without its end; a last line without one counts too.
std::vector<std::string_view> lines_of(std::string_view text)
{
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The parts of base64 text of exactly their lengths together.
template <typename... Parts> bool decode_into(std::string_view text, Parts &...parts)
{
  const auto decoded = decode_base64(text);
  // One text for the same bytes: else there would be bits that nobody signed.
  if (!decoded || decoded->size() != (parts.size() + ...) || encode_base64(*decoded) != text)
    return false;
  std::size_t at = 0;
  ((std::memcpy(parts.data(), decoded->data() + at, parts.size()), at += parts.size()), ...);
  return true;
}

/// minisign itself parts what it writes there by tabs.
bool is_comment(std::string_view text)
{
  return std::all_of(text.begin(), text.end(), [](unsigned char letter) {
    return letter == '\t' || (letter >= ' ' && letter != 0x7f);
  });
}

bool is_signed(const MinisignKey &key, std::string_view message, base::Bytes signature)
{
  const Key own(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(key.key.data()), key.key.size()),
      EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!own || !context ||
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, own.get()) != 1)
    base::fail(base::Kind::internal, "OpenSSL has no Ed25519");
  return EVP_DigestVerify(context.get(),
                          bytes(signature.data()),
                          signature.size(),
                          bytes(message.data()),
                          message.size()) == 1;
}

std::string_view as_text(base::Bytes data)
{
  return {reinterpret_cast<const char *>(data.data()), data.size()};
}

MinisignReading refused(std::string why)
{
  return {std::nullopt, std::move(why)};
}

} // namespace

std::string text_of(const MinisignKeyId &id)
{
  const auto number = base::little_endian::load<std::uint64_t>(id, 0);
  return fmt::format("{:X}", number); // as minisign itself, without zeros in front
}

std::optional<MinisignKey> parse_minisign_key(std::string_view text)
{
  const std::vector<std::string_view> lines = lines_of(text);
  const bool has_comment = lines.size() == 2 && lines.front().starts_with(untrusted_prefix);
  if (!has_comment && lines.size() != 1)
    return std::nullopt;
  std::array<char, algorithm_size> algorithm{};
  MinisignKey key;
  if (!decode_into(lines.back(), algorithm, key.id, key.key) ||
      std::string_view(algorithm.data(), algorithm.size()) != key_algorithm)
    return std::nullopt;
  return key;
}

std::string encoded(const MinisignKey &key)
{
  std::string raw(key_algorithm);
  raw += as_text(key.id);
  raw += as_text(key.key);
  return encode_base64(raw);
}

std::string file_text(const MinisignKey &key)
{
  return fmt::format(
      "{}minisign public key {}\n{}\n", untrusted_prefix, text_of(key.id), encoded(key));
}

MinisignReading parse_minisign(std::string_view text)
{
  if (text.size() > minisign_limit)
    return refused(
        fmt::format("has {} bytes, and none needs more than {}", text.size(), minisign_limit));
  const std::vector<std::string_view> lines = lines_of(text);
  if (lines.size() != 4 || !lines[0].starts_with(untrusted_prefix) ||
      !lines[2].starts_with(trusted_prefix))
    return refused("is not in the format of minisign");
  MinisignSignature read;
  std::array<char, algorithm_size> algorithm{};
  if (!decode_into(lines[1], algorithm, read.id, read.signature) ||
      !decode_into(lines[3], read.global_signature))
    return refused("is not in the format of minisign");
  if (std::string_view(algorithm.data(), algorithm.size()) == key_algorithm)
    return refused("is in minisign's legacy format; sign with minisign 0.10 or newer");
  if (std::string_view(algorithm.data(), algorithm.size()) != digest_algorithm)
    return refused("is of an algorithm that minisign does not have");
  read.trusted_comment = lines[2].substr(trusted_prefix.size());
  if (!is_comment(read.trusted_comment))
    return refused("has a comment with control characters");
  return {std::move(read), {}};
}

MinisignDigest minisign_digest(base::Bytes content)
{
  MinisignDigest digest{};
  unsigned length = 0;
  if (EVP_Digest(content.data(),
                 content.size(),
                 static_cast<unsigned char *>(static_cast<void *>(digest.data())),
                 &length,
                 EVP_blake2b512(),
                 nullptr) != 1 ||
      length != digest.size())
    base::fail(base::Kind::internal, "OpenSSL has no BLAKE2b");
  return digest;
}

std::optional<std::string>
refusal_of(const MinisignSignature &signature, const MinisignKey &key, const MinisignDigest &digest)
{
  if (signature.id != key.id)
    return fmt::format("is of key {}, and not of {}", text_of(signature.id), text_of(key.id));
  if (!is_signed(key, as_text(digest), signature.signature))
    return "does not fit the content";
  std::string commented(as_text(signature.signature));
  commented += signature.trusted_comment;
  if (!is_signed(key, commented, signature.global_signature))
    return "does not fit its comment";
  return std::nullopt;
}

} // namespace verity
