// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace verity {

using Sha256 = std::array<std::byte, 32>;

/// SHA-256 of a stream (FIPS 180-4), by OpenSSL.
class Digest {
public:
  Digest();
  Digest(Digest &&) noexcept;
  Digest &operator=(Digest &&) noexcept;
  ~Digest();

  void update(base::Bytes data);
  /// The digest of all that was given. The object starts anew afterwards.
  Sha256 finish();

private:
  evp_md_ctx_st *context_;
};

Sha256 digest_of(base::Bytes data);

/// 64 lower-case hex digits.
std::string hex(const Sha256 &digest);

/// Accepts exactly 64 hex digits, in either case.
std::optional<Sha256> parse_sha256(std::string_view text);

} // namespace verity
