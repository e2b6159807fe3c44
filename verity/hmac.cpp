// SPDX-License-Identifier: Apache-2.0
#include "verity/hmac.hpp"

#include "base/error.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace verity {

Sha256 hmac_sha256(base::Bytes key, base::Bytes message)
{
  Sha256 result{};
  unsigned length = 0;
  const unsigned char *done = HMAC(EVP_sha256(),
                                   key.data(),
                                   static_cast<int>(key.size()),
                                   reinterpret_cast<const unsigned char *>(message.data()),
                                   message.size(),
                                   reinterpret_cast<unsigned char *>(result.data()),
                                   &length);
  if (done == nullptr || length != result.size())
    base::fail(base::Kind::internal, "OpenSSL cannot compute an HMAC-SHA256");
  return result;
}

} // namespace verity
