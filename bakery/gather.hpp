// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/package.hpp"
#include "bakery/recipe.hpp"
#include "bakery/store.hpp"
#include "bakery/workspace.hpp"
#include "base/host.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// What a source is, before it is fetched: enough to tell whether anything has changed.
struct Input {
  std::string id;
  SourceKind kind = SourceKind::file;
  std::string place;           ///< path, URL or package
  std::string package_version; ///< of a package
  verity::Sha256 sha256{};     ///< what the recipe says, or what lies beside it now
};

/// The sources of a recipe for one architecture. Hashes what lies beside the recipe, and compares
/// it with what the recipe says; fetches nothing. Throws Kind::untrusted where they differ, config
/// where the recipe has no source for this architecture.
std::vector<Input>
inputs_of(const Recipe &recipe, const base::Dir &recipe_dir, const std::string &architecture);

/// A source that is here, and is what its hash says.
struct Gathered {
  Input input;
  /// The tree that a directory, package or archive is.
  std::optional<base::Dir> tree{};
  base::Fd file{}; ///< else the file
  std::optional<PackageFacts> package{};
};

/// Brings all sources here. Their hashes are compared before anything is unpacked or read; what is
/// unpacked lies in `workspace`. Throws as Store and extract_tar(), with the source in the trail.
std::vector<Gathered> gather(const base::Host &host,
                             const Recipe &recipe,
                             const base::Dir &recipe_dir,
                             const std::vector<Input> &inputs,
                             const std::string &architecture,
                             Store &store,
                             const Workspace &workspace);

} // namespace bakery
