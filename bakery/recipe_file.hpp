// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/recipe.hpp"
#include "bakery/recipe_parts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bakery {

/// Reads a recipe, without looking at anything that it names. `file` is for messages. Throws
/// Kind::config with file, line, column, field, what was expected and what to do: for a field that
/// there is not, a value of another form, and fields that contradict each other.
Recipe parse_recipe(std::string_view text, const std::string &file);

/// The fields of each part of a recipe, for the test that compares them with the schema.
std::vector<FieldNames> recipe_fields();

} // namespace bakery
