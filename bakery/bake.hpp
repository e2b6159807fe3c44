// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/lint.hpp"
#include "bakery/record.hpp"
#include "base/host.hpp"
#include "verity/pkcs7.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// What is to be done with the images of a recipe.
enum class Work {
  bake,   ///< make what is missing, or made of something else
  check,  ///< make each twice, and compare
  attach, ///< put a signature that was made elsewhere into what is there
  tell,   ///< say what would be baked
};

struct BakeRequest {
  std::string recipe; ///< absolute path of the file
  std::string output; ///< of a directory, which is made if it is missing
  std::string store;  ///< of the directory in which sources are kept by their hash
  /// Path of the root of a system that the images are for, which lint compares them with; "" for
  /// none.
  std::string base{};
  Work work = Work::bake;
  std::optional<verity::RootHashSigner> signer{}; ///< signs disk images at once
  std::string certificate{};                      ///< PEM; of an attached signature's signer
};

enum class Outcome { baked, unchanged, attached, would_bake };

std::string_view name(Outcome outcome);

/// One image of a recipe.
struct Product {
  std::string name; ///< "hello_1_x86-64"
  Outcome outcome = Outcome::baked;
  std::string path;                ///< of the image
  Made made{};                     ///< unless it would only be baked
  std::vector<Finding> findings{}; ///< warnings, and what is allowed; if it was baked
};

/// Makes the images of a recipe, one for each architecture, in the output directory:
/// NAME_VERSION_ARCHITECTURE.raw with .inputs.json and .spdx.json beside it, and .roothash beside a
/// disk image. The same inputs give the same bytes (but for an ECDSA signature). An image that was
/// made of the same inputs and is as it was made is left alone.
///
/// Each image is made out of sight and renamed into its place when it is whole and on stable
/// storage; its record comes last, so after a failure or power cut an image without the right
/// record is made again. One run at a time works in an output directory; a second one throws
/// Kind::busy. Throws config for what is wrong with the recipe or found by lint, unless that is
/// allowed, untrusted for a source or signature that is not what it should be, and what fetching
/// and running programs throw.
std::vector<Product> bake(const base::Host &host, const BakeRequest &request);

} // namespace bakery
