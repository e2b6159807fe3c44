// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/signing_key.hpp"
#include "verity/manifest_trust.hpp"

#include <span>
#include <string>
#include <vector>

namespace bakery_test {

inline std::chrono::sys_seconds time(const std::string &text)
{
  return verity::parse_time(text).value();
}

/// A manifest with two releases that passes every check.
inline verity::ReleaseManifest good_manifest()
{
  verity::Sha256 digest{};
  verity::Sha256 other{};
  other.front() = std::byte{1};
  return {.repository = "extensions.example",
          .product = "appliance",
          .channel = "stable",
          .sequence = 17,
          .issued = time("2026-11-01T00:00:00Z"),
          .expires = time("2026-12-01T00:00:00Z"),
          .releases = {{.name = "hello",
                        .version = "1.2",
                        .fits = {{.id = "debian", .version_id = "13"}},
                        .waves = {{.seed_end = 2048, .start = time("2026-11-02T00:00:00Z")}},
                        .artifacts = {{.name = "hello_1.2.raw", .size = 9, .sha256 = digest}}},
                       {.name = "hello",
                        .version = "1.1",
                        .artifacts = {{.name = "hello_1.1.raw", .size = 5, .sha256 = other}}}}};
}

/// The claim of a machine that trusts this key.
inline verity::ManifestClaim claim_of(const verity::MinisignKey &key)
{
  return {.keys = {.keys = {key}},
          .channel = "stable",
          .product = "appliance",
          .client = "0.1.0",
          .now = time("2026-11-15T00:00:00Z")};
}

inline std::string sign(const bakery::SigningKey &key, const std::string &text)
{
  return key.sign(std::as_bytes(std::span(text)), "for a test");
}

} // namespace bakery_test
