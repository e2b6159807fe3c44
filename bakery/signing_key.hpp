// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/sys.hpp"
#include "verity/minisign.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bakery {

/// A secret key in minisign's format. It lives in memory that is neither swapped nor dumped, and is
/// wiped when the object goes.
class SigningKey {
public:
  /// A new one, by the system's randomness.
  static SigningKey generate();

  /// The content of a file NAME.key. Throws Kind::config if it is none, and Kind::untrusted if it
  /// is encrypted and the password is missing or wrong. `name` is for messages.
  static SigningKey
  parse(std::string_view text, const std::string &name, const std::optional<std::string> &password);

  /// Whether it takes a password to use this key. Throws Kind::config if it is none.
  static bool is_encrypted(std::string_view text, const std::string &name);

  SigningKey(SigningKey &&) noexcept;
  SigningKey &operator=(SigningKey &&) noexcept;
  SigningKey(const SigningKey &) = delete;
  SigningKey &operator=(const SigningKey &) = delete;
  ~SigningKey();

  [[nodiscard]] verity::MinisignKey public_key() const;

  /// The content of a file NAME.key, encrypted if there is a password. To derive its key takes 256
  /// MiB of memory for an instant; files that minisign itself encrypted may ask for 1 GiB.
  [[nodiscard]] std::string file_text(const std::optional<std::string> &password) const;

  /// The content of a file CONTENT.minisig. The comment is signed too: one line of printable text.
  [[nodiscard]] std::string sign(base::Bytes content, const std::string &trusted_comment) const;

private:
  struct Secret;

  explicit SigningKey(std::unique_ptr<Secret> secret);

  std::unique_ptr<Secret> secret_;
};

/// Throws Kind::usage if one of NAME.key and NAME.pub is there already: a key is never written
/// over.
void refuse_key_names(const base::Dir &dir, const std::string &name);

/// Writes NAME.key, which only its owner can read, and NAME.pub into `dir`, durably. Throws
/// as refuse_key_names().
void write_key_pair(base::Sys &sys,
                    const base::Dir &dir,
                    const std::string &name,
                    const SigningKey &key,
                    const std::optional<std::string> &password);

} // namespace bakery
