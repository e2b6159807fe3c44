// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/extension_class.hpp"
#include "overlay/image.hpp"
#include "verity/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// What tells an image from every other one, and from itself after a change, without opening it.
struct Identity {
  /// The root hash that the image claims, if it has one: then nothing else of it counts. It is only
  /// a claim, but who changes the image without changing it gets what was checked before.
  std::optional<verity::Sha256> root_hash;
  std::uint64_t mount = 0; ///< unique since boot
  std::uint64_t inode = 0;
  int handle_type = 0;
  std::string handle{}; ///< hex; empty where the file system has none
  std::uint64_t made_us = 0;
  std::uint64_t changed_us =
      0; ///< of a file; 0 for a directory, whose content is told by `content`
  /// Of a directory: over names, inodes, sizes and times of all that is below. Else empty.
  std::string content{};

  bool operator==(const Identity &) const = default;
};

/// True if these are of one image that has not changed in between, as far as that can be told.
/// Mounts are numbered anew at each boot: whether that number counts as well.
enum class Boot { same, any };
bool is_same(const Identity &one, const Identity &other, Boot boot);

/// An image that was found, and what it is.
struct Candidate {
  Image image;
  Identity identity;
};

/// An image that cannot be read has an empty identity.
Candidate identify(const base::Host &host, const Image &image);

/// What systemd 260 and later keep as "origin", so that both tools see what the other has merged.
std::string origin_text(const std::vector<Candidate> &used,
                        Mutability mutability,
                        const std::vector<std::string> &mutable_hierarchies,
                        const std::optional<std::string> &mount_options);

/// The same text but for spaces and order.
bool same_origin(const std::string &one, const std::string &other);

/// One word for all that the images and `settings` are.
std::string stamp_of(const std::vector<Candidate> &candidates, const std::string &settings);

} // namespace overlay
