// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/digest.hpp"

namespace verity {

/// HMAC-SHA256 (RFC 2104) of `message` under `key`, by OpenSSL.
Sha256 hmac_sha256(base::Bytes key, base::Bytes message);

} // namespace verity
