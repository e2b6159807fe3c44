// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/suggest.hpp"

#include <string>
#include <vector>

namespace updater {

/// An optional part of a system: transfers name it in Features= and RequisiteFeatures=.
struct Feature {
  std::string id{};   ///< the file's name without ".feature"
  std::string file{}; ///< where it was found
  std::string description{};
  std::vector<std::string> documentation{};
  std::string appstream{};
  bool enabled = false;
  Suggestion suggestion{};
};

/// A part of a system that is updated on its own, with definitions of its own.
struct Component {
  std::string name{};
  std::string file{}; ///< empty: it has only definitions, no .component file
  std::string description{};
  std::vector<std::string> documentation{};
  bool enabled = true;
  Suggestion suggestion{};
};

} // namespace updater
