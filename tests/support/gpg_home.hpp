// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/program.hpp"
#include "support/temp_root.hpp"

#include <string>
#include <vector>

namespace support {

enum class Armor { no, yes };

/// A throw-away GnuPG home in which tests make real keys and signatures. Its agent ends with it.
class GpgHome {
public:
  GpgHome() = default;
  GpgHome(const GpgHome &) = delete;
  GpgHome &operator=(const GpgHome &) = delete;
  ~GpgHome();

  /// Runs gpg with these arguments in this home; fails the test if gpg fails.
  std::string gpg(const std::vector<std::string> &arguments);

  /// A signing key without a passphrase; `name` is then its name in the calls below.
  void make_key(const std::string &name);
  /// A key made and ending at given times ("20200101T000000").
  void make_key(const std::string &name, const std::string &from, const std::string &until);
  std::string public_key(const std::string &name, Armor armor = Armor::no);
  /// A detached signature.
  std::string sign(const std::string &name,
                   const std::string &text,
                   Armor armor = Armor::no,
                   const std::vector<std::string> &options = {});
  std::string fingerprint(const std::string &name);

  /// The path of a new file in the home.
  std::string file(const std::string &name, const std::string &text);

  [[nodiscard]] std::string path(const std::string &name) const
  {
    return home_.path() + "/" + name;
  }

  [[nodiscard]] std::string read(const std::string &name) const { return home_.read(name); }

private:
  TempRoot home_;
  base::ProcessRunner runner_;
};

} // namespace support
