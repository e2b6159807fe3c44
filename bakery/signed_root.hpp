// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/release_manifest.hpp"
#include "verity/trust_root.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// Gives a file of a repository by its path; nothing if there is none.
using ReadFile = std::function<std::optional<std::string>(const std::string &path)>;

/// A version of root.json, as it is published.
struct SignedRoot {
  verity::TrustRoot root{};
  std::string text{};
  std::string signatures{};

  bool operator==(const SignedRoot &) const = default;
};

/// "3.root.json".
std::string root_file(std::uint64_t version);
/// Where the signatures of a file lie.
std::string signatures_file(const std::string &file);

/// The versions from 1 on, up to `most`, each of which was found to follow on the one before. For
/// the first one nobody vouches but itself. Throws Kind::untrusted.
std::vector<SignedRoot> read_roots(const ReadFile &read,
                                   std::uint64_t most = verity::largest_number);

} // namespace bakery
