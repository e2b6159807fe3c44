// SPDX-License-Identifier: Apache-2.0
#include "bakery/signing_key.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/little_endian.hpp"
#include "verity/base64.hpp"

#include <sodium.h>

#include <array>
#include <cstring>
#include <new>

namespace bakery {

namespace {

using base::Kind;

// The layout of minisign's file, of which all numbers are little-endian:
// algorithm 2, kdf 2, checksum 2, salt 32, operations 8, memory 8, then what may be encrypted:
// id 8, key 64, checksum 32.
constexpr std::string_view comment = "untrusted comment: minisign secret key";
constexpr std::string_view plain_header{"Ed\0\0B2", 6};
constexpr std::string_view encrypted_header = "EdScB2";
constexpr std::size_t salt_size = crypto_pwhash_scryptsalsa208sha256_SALTBYTES;
constexpr std::size_t id_size = 8;
constexpr std::size_t checksum_size = 32;
constexpr std::size_t secret_size = id_size + crypto_sign_SECRETKEYBYTES + checksum_size;
constexpr std::size_t secret_at = 6 + salt_size + 16;
// With these scrypt takes N = 2^18, r = 8, p = 1.
constexpr std::uint64_t operations = std::uint64_t{1} << 23U;
constexpr std::uint64_t memory = std::uint64_t{256} << 20U;
/// What minisign asks for itself; a file that wants more is hostile.
constexpr std::uint64_t most_memory = std::uint64_t{1} << 30U;
constexpr std::uint64_t most_operations = std::uint64_t{1} << 26U;

using SecretBytes = std::array<unsigned char, secret_size>;

void start_library()
{
  if (sodium_init() < 0)
    base::fail(Kind::internal, "libsodium cannot be used here");
}

std::array<unsigned char, checksum_size> checksum_of(const unsigned char *id_and_key)
{
  std::array<unsigned char, checksum_size> checksum{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, checksum.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char *>("Ed"), 2);
  crypto_generichash_update(&state, id_and_key, id_size + crypto_sign_SECRETKEYBYTES);
  crypto_generichash_final(&state, checksum.data(), checksum.size());
  sodium_memzero(&state, sizeof state);
  return checksum;
}

/// As it is in keys that are encrypted; minisign leaves the place empty in others.
bool has_checksum(const unsigned char *secret)
{
  const auto checksum = checksum_of(secret);
  return sodium_memcmp(
             checksum.data(), secret + id_size + crypto_sign_SECRETKEYBYTES, checksum.size()) == 0;
}

/// The public half, which a secret key has too, belongs to the other.
bool is_whole(const unsigned char *key)
{
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_half{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> made{};
  crypto_sign_seed_keypair(public_half.data(), made.data(), key);
  const bool is_same = sodium_memcmp(made.data(), key, made.size()) == 0;
  sodium_memzero(made.data(), made.size());
  return is_same;
}

struct Derivation {
  std::uint64_t operations;
  std::uint64_t memory;
};

/// Encrypts or decrypts: the same, by a stream that is made of password and salt.
void apply_password(unsigned char *bytes,
                    const std::string &password,
                    const unsigned char *salt,
                    const Derivation &derivation)
{
  SecretBytes stream{};
  if (crypto_pwhash_scryptsalsa208sha256(stream.data(),
                                         stream.size(),
                                         password.data(),
                                         password.size(),
                                         salt,
                                         derivation.operations,
                                         derivation.memory) != 0)
    base::fail(Kind::no_space,
               "there are no {} MiB of memory to derive a key from the password",
               derivation.memory >> 20U);
  for (std::size_t index = 0; index < stream.size(); ++index)
    bytes[index] ^= stream.at(index);
  sodium_memzero(stream.data(), stream.size());
}

[[noreturn]] void refuse(const std::string &name)
{
  base::fail(Kind::config,
             "{} is no secret key in the format of minisign; `strake key generate` makes one",
             name);
}

std::string raw_key(std::string_view text, const std::string &name)
{
  const std::size_t end = text.find('\n');
  if (!text.starts_with("untrusted comment: ") || end == std::string_view::npos)
    refuse(name);
  std::string_view line = text.substr(end + 1);
  line = line.substr(0, line.find_first_of("\r\n"));
  auto raw = verity::decode_base64(line);
  if (!raw || raw->size() != secret_at + secret_size)
    refuse(name);
  return std::move(*raw);
}

} // namespace

struct SigningKey::Secret {
  unsigned char *bytes = static_cast<unsigned char *>(sodium_malloc(secret_size));

  Secret()
  {
    if (bytes == nullptr)
      throw std::bad_alloc();
  }

  Secret(const Secret &) = delete;
  Secret &operator=(const Secret &) = delete;

  ~Secret() { sodium_free(bytes); } // wipes it

  [[nodiscard]] unsigned char *key() const { return bytes + id_size; }
};

SigningKey::SigningKey(std::unique_ptr<Secret> secret) : secret_(std::move(secret))
{
}

SigningKey::SigningKey(SigningKey &&) noexcept = default;
SigningKey &SigningKey::operator=(SigningKey &&) noexcept = default;
SigningKey::~SigningKey() = default;

SigningKey SigningKey::generate()
{
  start_library();
  auto secret = std::make_unique<Secret>();
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> unused{};
  randombytes_buf(secret->bytes, id_size);
  crypto_sign_keypair(unused.data(), secret->key());
  return SigningKey(std::move(secret));
}

SigningKey SigningKey::parse(std::string_view text,
                             const std::string &name,
                             const std::optional<std::string> &password)
{
  start_library();
  std::string raw = raw_key(text, name);
  auto secret = std::make_unique<Secret>();
  std::memcpy(secret->bytes, raw.data() + secret_at, secret_size);
  const bool is_encrypted = raw.starts_with(encrypted_header);
  const base::Bytes bytes = std::as_bytes(std::span(raw));
  const Derivation derivation{base::little_endian::load<std::uint64_t>(bytes, 6 + salt_size),
                              base::little_endian::load<std::uint64_t>(bytes, 6 + salt_size + 8)};
  if (!is_encrypted && !raw.starts_with(plain_header))
    refuse(name);
  if (is_encrypted && !password)
    base::fail(Kind::untrusted, "{} is encrypted; give its password with --password-file=", name);
  if (is_encrypted && (derivation.memory > most_memory || derivation.operations > most_operations))
    refuse(name);
  if (is_encrypted)
    apply_password(secret->bytes,
                   *password,
                   reinterpret_cast<const unsigned char *>(raw.data()) + 6,
                   derivation);
  sodium_memzero(raw.data(), raw.size());
  if (is_encrypted && !has_checksum(secret->bytes))
    base::fail(Kind::untrusted, "the password is not that of {}", name);
  if (!is_whole(secret->key()))
    refuse(name);
  return SigningKey(std::move(secret));
}

bool SigningKey::is_encrypted(std::string_view text, const std::string &name)
{
  return raw_key(text, name).starts_with(encrypted_header);
}

verity::MinisignKey SigningKey::public_key() const
{
  verity::MinisignKey key;
  std::memcpy(key.id.data(), secret_->bytes, id_size);
  crypto_sign_ed25519_sk_to_pk(reinterpret_cast<unsigned char *>(key.key.data()), secret_->key());
  return key;
}

std::string SigningKey::file_text(const std::optional<std::string> &password) const
{
  std::array<unsigned char, salt_size> salt{};
  SecretBytes bytes{};
  std::memcpy(bytes.data(), secret_->bytes, id_size + crypto_sign_SECRETKEYBYTES);
  if (password) {
    const auto checksum = checksum_of(secret_->bytes);
    std::memcpy(
        bytes.data() + id_size + crypto_sign_SECRETKEYBYTES, checksum.data(), checksum.size());
    randombytes_buf(salt.data(), salt.size());
    apply_password(bytes.data(), *password, salt.data(), {operations, memory});
  }
  std::string raw(password ? encrypted_header : plain_header);
  raw.append(reinterpret_cast<const char *>(salt.data()), salt.size());
  base::little_endian::append(raw, password ? operations : 0);
  base::little_endian::append(raw, password ? memory : 0);
  raw.append(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  std::string text = fmt::format("{}\n{}\n", comment, verity::encode_base64(raw));
  sodium_memzero(bytes.data(), bytes.size());
  sodium_memzero(raw.data(), raw.size());
  return text;
}

std::string SigningKey::sign(base::Bytes content, const std::string &trusted_comment) const
{
  const verity::MinisignDigest digest = verity::minisign_digest(content);
  const auto signed_by_us = [&](std::string_view message) {
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char *>(signature.data()),
                         nullptr,
                         reinterpret_cast<const unsigned char *>(message.data()),
                         message.size(),
                         secret_->key());
    return signature;
  };
  const std::string signature =
      signed_by_us({reinterpret_cast<const char *>(digest.data()), digest.size()});
  const std::string id(reinterpret_cast<const char *>(secret_->bytes), id_size);
  return fmt::format(
      "untrusted comment: signature of minisign key {}\n{}\ntrusted comment: {}\n{}\n",
      verity::text_of(public_key().id),
      verity::encode_base64("ED" + id + signature),
      trusted_comment,
      verity::encode_base64(signed_by_us(signature + trusted_comment)));
}

void refuse_key_names(const base::Dir &dir, const std::string &name)
{
  for (const char *ending : {".key", ".pub"})
    if (dir.status(name + ending))
      base::fail(Kind::usage,
                 "{} is there already, and a key is never written over; take another name",
                 dir.display(name + ending));
}

void write_key_pair(base::Sys &sys,
                    const base::Dir &dir,
                    const std::string &name,
                    const SigningKey &key,
                    const std::optional<std::string> &password)
{
  constexpr mode_t private_mode = 0600;
  refuse_key_names(dir, name);
  std::string secret = key.file_text(password);
  base::replace_file(sys, dir, name + ".key", secret, private_mode);
  sodium_memzero(secret.data(), secret.size());
  base::replace_file(sys, dir, name + ".pub", verity::file_text(key.public_key()));
}

} // namespace bakery
