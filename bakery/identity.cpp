// SPDX-License-Identifier: Apache-2.0
#include "bakery/identity.hpp"

#include "verity/digest.hpp"

#include <algorithm>
#include <span>

namespace bakery {

base::Uuid uuid_from(std::string_view text)
{
  const verity::Sha256 digest = verity::digest_of(std::as_bytes(std::span(text)));
  base::Uuid uuid;
  std::transform(digest.begin(),
                 digest.begin() + static_cast<std::ptrdiff_t>(uuid.bytes.size()),
                 uuid.bytes.begin(),
                 [](std::byte one) { return std::to_integer<std::uint8_t>(one); });
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0fU) | 0x80U);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3fU) | 0x80U);
  return uuid;
}

} // namespace bakery
