// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/compose.hpp"
#include "bakery/ddi_writer.hpp"
#include "bakery/record.hpp"
#include "bakery/workspace.hpp"
#include "verity/pkcs7.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// What one image is built from. What it refers to must outlive the build.
struct BuildPlan {
  const Recipe &recipe;
  const base::Dir &recipe_dir;
  const Inputs &inputs;
  const std::optional<verity::RootHashSigner> &signer;
};

/// An image that was built; it lies under "image" in the workspace, its tree under "tree".
struct Build {
  Made made;
  std::vector<Gathered> sources;
};

/// Gathers the sources, makes the tree and its file system, and a disk image where the recipe wants
/// one. All of it lies in the workspace.
Build build_image(const base::Host &host,
                  const BuildPlan &plan,
                  Store &store,
                  const Workspace &workspace,
                  Pass pass);

/// Builds the image again, in another directory, at another time and in another order, and compares
/// it with the first build. Throws Kind::config, naming the first file that differs. An ECDSA
/// signature differs each time: all but that is compared then.
void check_second_build(const base::Host &host,
                        const BuildPlan &plan,
                        Store &store,
                        const Workspace &workspace,
                        const Build &first);

/// What makes a disk image of this image.
DdiFacts ddi_facts(const Recipe &recipe, const Inputs &inputs);

} // namespace bakery
