// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/candidate.hpp"
#include "overlay/generation.hpp"
#include "overlay/release.hpp"
#include "verity/checked_image.hpp"

#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// The tree of an extension: a directory, or file systems from an image that hang nowhere.
class ExtensionTree {
public:
  /// What there is at a path of the extension, which begins with a slash; symlinks resolved beneath
  /// its root.
  [[nodiscard]] std::optional<base::Dir> find_dir(const std::string &path) const;

  /// The root of the tree; of an image with nothing but /usr, its /usr.
  [[nodiscard]] const base::Dir &top() const { return top_; }

  /// Where top() lies in the extension: "" or "/usr".
  [[nodiscard]] const std::string &place() const { return place_; }

  ExtensionTree(base::Dir top, std::string place) : top_(std::move(top)), place_(std::move(place))
  {
  }

private:
  base::Dir top_;
  std::string place_;
};

/// An extension that was opened and checked: nothing of it can change any more but by changing the
/// very directory or unprotected file that it is.
struct Layer {
  Candidate candidate;
  ExtensionTree tree;
  verity::Protection protection = verity::Protection::unprotected;
  std::string signer{};            ///< of a signed one: the path of the certificate
  std::string trusted_by{};        ///< see UsedExtension
  std::optional<LoopMount> loop{}; ///< of an image that the kernel reads from a loop device
  std::optional<Release> release{};
  Topics topics{};

  /// What is to be remembered of it.
  [[nodiscard]] UsedExtension used() const;
};

/// By what an image is judged, and what was found out when it was the last time.
struct Judgement {
  const verity::ImagePolicy &policy;
  /// One word for the policy and everything else by which it is judged.
  std::string trusted_by;
  /// As it is merged now; null if it is not.
  const UsedExtension *present = nullptr;
};

/// An extension that is merged now, from the loop device that the kernel reads it from, whatever
/// has become of its file. Nothing if there is no such device.
std::optional<Layer> open_again(const base::Host &host, const UsedExtension &present);

/// Opens an image as the policy allows. No file system in it is mounted before the policy is met.
/// What is merged now, has not changed and is judged as it was then is neither read nor checked
/// again: its file system, which the kernel has, is mounted once more.
/// Throws as verity::open_image does, and Kind::config for kinds that cannot be layers.
Layer open_layer(const base::Host &host,
                 Class extension_class,
                 const Candidate &candidate,
                 const Judgement &judgement);

} // namespace overlay
