// SPDX-License-Identifier: Apache-2.0
#include "bakery/recipe_file.hpp"
#include "fuzz.hpp"

#include <algorithm>

namespace {

/// Beneath the root, whatever it is put after.
bool is_beneath(const std::string &path)
{
  return !path.starts_with('/') && ("/" + path + "/").find("/../") == std::string::npos &&
         std::none_of(path.begin(), path.end(), [](char one) { return one >= '\0' && one < ' '; });
}

} // namespace

// Whatever a recipe says, no path of it leads outside, and no name is more than a name.
const fuzz::Registered
    recipe({"recipe", {base::Kind::config}, [](std::string_view input) {
              const bakery::Recipe read = bakery::parse_recipe(input, "recipe.yaml");
              fuzz::demand(!read.name.empty() && read.name.find('/') == std::string::npos &&
                               read.name.front() != '.',
                           "a name is one word");
              fuzz::demand(read.version.find('/') == std::string::npos, "a version has no slash");
              for (const bakery::Placement &placement : read.files) {
                fuzz::demand(is_beneath(placement.to) && is_beneath(placement.path) &&
                                 is_beneath(placement.libraries),
                             "files go beneath the root");
                fuzz::demand(placement.source.empty() ||
                                 read.find_source(placement.source) != nullptr,
                             "a source that is named is there");
              }
              for (const bakery::Source &source : read.sources)
                if (source.kind == bakery::SourceKind::file ||
                    source.kind == bakery::SourceKind::directory)
                  for (const auto &[architecture, path] : source.place.values)
                    fuzz::demand(is_beneath(path), "sources lie beside the recipe");
              for (const bakery::Unit &unit : read.units)
                fuzz::demand(unit.name.find('/') == std::string::npos &&
                                 unit.start.find('/') == std::string::npos,
                             "the name of a unit is one word");
            }});
