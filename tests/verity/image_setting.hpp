// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "support/extension_image.hpp"
#include "support/test_host.hpp"
#include "verity/checked_image.hpp"

#include <doctest/doctest.h>

#include <string>

/// A machine that trusts one signer, and the pieces of a good image; a test spoils one of them.
namespace setting {

inline const support::Authority &authority()
{
  static const support::Authority made("tests");
  return made;
}

inline const support::Identity &signer()
{
  static const support::Identity made = authority().issue("signer");
  return made;
}

inline const support::Identity &stranger()
{
  static const support::Identity made = authority().issue("stranger");
  return made;
}

/// Large enough for a tree of two levels.
inline const support::ExtensionPieces &good()
{
  static const support::ExtensionPieces made = [] {
    std::string noise;
    for (std::uint64_t value = 1; noise.size() < 800'000;
         value = value * 6364136223846793005U + 1442695040888963407U)
      noise.append(reinterpret_cast<const char *>(&value), sizeof value);
    return support::extension_pieces({{"usr/lib/hello", "hello"}, {"usr/lib/noise", noise}},
                                     signer());
  }();
  return made;
}

constexpr const char *strict = "root=signed+absent:usr=signed+absent";
constexpr const char *default_policy =
    "root=verity+signed+encrypted+encryptedwithintegrity+unprotected+absent:"
    "usr=verity+signed+encrypted+encryptedwithintegrity+unprotected+absent";
constexpr const char *image_path = "/var/lib/extensions/hello.raw";
constexpr const char *beside = "/var/lib/extensions/hello";

class Machine : public support::TestHost {
public:
  Machine() { root.write("etc/verity.d/signer.crt", signer().certificate); }

  /// "root erofs signed" for each part, or the kind of the refusal and what it says.
  std::string open(const std::string &policy = strict, const verity::CopyPlace &place = {})
  {
    return open_by(host, policy, place);
  }

  std::string open_by(const base::Host &with,
                      const std::string &policy = strict,
                      const verity::CopyPlace &place = {})
  {
    try {
      std::string text;
      parts = verity::open_image(with, image_path, verity::ImagePolicy::parse(policy), place);
      for (const verity::CheckedPart &part : parts)
        text += fmt::format("{}{} {} {}",
                            text.empty() ? "" : ", ",
                            part.designator,
                            part.file_system,
                            verity::name(part.protection));
      return text;
    } catch (const base::Error &error) {
      parts.clear();
      return fmt::format("{}: {}", base::name(error.kind()), error.what());
    }
  }

  std::string open_bytes(const std::string &bytes, const std::string &policy = strict)
  {
    root.write(image_path, bytes);
    return open(policy);
  }

  /// The bytes that a part may be mounted from.
  static std::string content_of(const verity::CheckedPart &part)
  {
    std::string bytes(part.range.length, '\0');
    CHECK(base::read_at(part.source, part.range.start, std::as_writable_bytes(std::span(bytes))) ==
          bytes.size());
    return bytes;
  }

  std::vector<verity::CheckedPart> parts;
};

} // namespace setting
