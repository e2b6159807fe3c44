// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/loop_device.hpp"
#include "overlay/candidate.hpp"
#include "overlay/extension_class.hpp"
#include "overlay/follow_ups.hpp"
#include "overlay/topic.hpp"
#include "verity/image_policy.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// A file system of an image that the kernel reads from a loop device, by which it can be mounted
/// once more for as long as it is mounted somewhere.
struct LoopMount {
  base::LoopDevice device;
  std::string file_system; ///< "squashfs"
  std::string place;       ///< where its root lies in the extension: "" or "/usr"

  bool operator==(const LoopMount &) const = default;
};

/// An extension as it was merged, and what was found out about it then.
struct UsedExtension {
  Candidate candidate;
  verity::Protection protection = verity::Protection::unprotected;
  std::string signer{};   ///< of a signed one: the path of the certificate
  std::string trusted_by; ///< one word for the policy and the certificates by which it was judged
  Topics topics{};
  FollowUps wishes{};
  /// Good for this boot only, and only if it is read from something that is merged now.
  std::optional<LoopMount> loop{};
};

/// What one class of extensions was at a time.
struct UsedSet {
  std::vector<UsedExtension> above; ///< over the system, the lowest first
  std::vector<UsedExtension> below; ///< under it, the lowest first

  [[nodiscard]] std::vector<const UsedExtension *> all() const; ///< the lowest first
  [[nodiscard]] const UsedExtension *find(const std::string &name) const;
};

/// A set of extensions that was put into effect, numbered in the order in which those were.
struct Generation {
  std::uint64_t number = 0;      ///< from 1 on; 0: not recorded yet
  std::int64_t time = 0;         ///< seconds since 1970, of the first time that it was in effect
  std::string verb;              ///< by what: "merge", "refresh", "try"
  std::map<Class, UsedSet> sets; ///< of the classes that had anything merged
};

/// True if it is the same image at the same place, and has not changed in between, be it over a
/// boot.
bool is_same_image(const UsedExtension &one, const UsedExtension &other);

/// The set of a class; an empty one if it had nothing merged.
const UsedSet &set_of(const Generation &generation, Class extension_class);

/// True if both have the same images, unchanged, in the same order. When and how they came into
/// effect does not count, nor what does not outlast a boot.
bool is_same_set(const Generation &one, const Generation &other);

/// As JSON, one line.
std::string text_of(const Generation &generation);

/// The other way round. Nothing if it is not understood, be it in part: a set is known whole or
/// not at all.
std::optional<Generation> parse_generation(const std::string &text);

} // namespace overlay
