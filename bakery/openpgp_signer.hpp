// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <string>
#include <string_view>

namespace bakery {

/// Signs by gpg, with a key that is in the caller's keyring.
class OpenPgpSigner {
public:
  /// `key` is whatever gpg takes for one: a fingerprint, a mail address.
  OpenPgpSigner(const base::Host &host, std::string key) : host_(host), key_(std::move(key)) {}

  /// A detached binary signature of these bytes. gpg may ask for a passphrase by its agent. Throws
  /// Kind::config with what gpg says, for example that there is no such secret key.
  [[nodiscard]] std::string sign(std::string_view text) const;

  /// The public key, binary, as it may be put into a keyring.
  [[nodiscard]] std::string public_key() const;

private:
  [[nodiscard]] std::string run(std::vector<std::string> arguments, std::string_view input) const;

  const base::Host &host_;
  std::string key_;
};

} // namespace bakery
