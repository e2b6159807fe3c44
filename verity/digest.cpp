// SPDX-License-Identifier: Apache-2.0
#include "verity/digest.hpp"

#include "base/error.hpp"
#include "base/uuid.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <new>
#include <utility>

namespace verity {

Digest::Digest() : context_(EVP_MD_CTX_new())
{
  if (context_ == nullptr)
    throw std::bad_alloc();
  if (EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1)
    base::fail(base::Kind::internal, "OpenSSL offers no SHA-256");
}

Digest::Digest(Digest &&other) noexcept : context_(std::exchange(other.context_, nullptr))
{
}

Digest &Digest::operator=(Digest &&other) noexcept
{
  std::swap(context_, other.context_);
  return *this;
}

Digest::~Digest()
{
  EVP_MD_CTX_free(context_);
}

void Digest::update(base::Bytes data)
{
  if (EVP_DigestUpdate(context_, data.data(), data.size()) != 1)
    base::fail(base::Kind::internal, "OpenSSL cannot continue a SHA-256");
}

Sha256 Digest::finish()
{
  Sha256 result{};
  if (EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char *>(result.data()), nullptr) != 1)
    base::fail(base::Kind::internal, "OpenSSL cannot finish a SHA-256");
  // Without naming the digest once more: OpenSSL 3 would look it up among its providers, under a
  // lock that all threads share, and that for each block of a hash tree.
  if (EVP_DigestInit_ex(context_, nullptr, nullptr) != 1)
    base::fail(base::Kind::internal, "OpenSSL cannot start a SHA-256 anew");
  return result;
}

Sha256 digest_of(base::Bytes data)
{
  Digest digest;
  digest.update(data);
  return digest.finish();
}

std::string hex(const Sha256 &digest)
{
  std::string result;
  for (const std::byte byte : digest)
    result += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return result;
}

std::optional<Sha256> parse_sha256(std::string_view text)
{
  if (text.size() != 64)
    return std::nullopt;
  Sha256 result{};
  for (std::size_t half = 0; half < 2; ++half) {
    const auto part = base::Uuid::parse(text.substr(half * 32, 32));
    if (!part)
      return std::nullopt;
    std::transform(part->bytes.begin(),
                   part->bytes.end(),
                   result.begin() + static_cast<std::ptrdiff_t>(half * 16),
                   [](std::uint8_t byte) { return std::byte{byte}; });
  }
  return result;
}

} // namespace verity
