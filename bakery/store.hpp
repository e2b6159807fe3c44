// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/digest.hpp"

#include <functional>
#include <optional>
#include <string>

namespace bakery {

/// Files by their SHA-256: what came over the network once need not come again. A file lies under
/// the digits of its hash, and is compared with them whenever it is taken out, since others may
/// write to the directory.
class Store {
public:
  Store(base::Sys &sys, base::Dir dir) : sys_(sys), dir_(std::move(dir)) {}

  /// The file of this hash, open for reading; nothing if it is not there, or not what its name
  /// says.
  [[nodiscard]] std::optional<base::Fd> find(const verity::Sha256 &hash) const;

  /// Has `fill` write a new file under the path and name it is given, and keeps it if it has this
  /// hash. Throws Kind::untrusted, with the hash it has, if not: then nothing of it is left.
  base::Fd add(const verity::Sha256 &hash,
               const std::function<void(const base::Dir &dir, const std::string &name)> &fill);

private:
  base::Sys &sys_;
  base::Dir dir_;
};

/// Fetches what is at `url` into the store, unless the store has it. More than 8 GiB is refused.
base::Fd
fetch(const base::Host &host, Store &store, const std::string &url, const verity::Sha256 &hash);

} // namespace bakery
