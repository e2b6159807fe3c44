// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/field.hpp"
#include "bakery/recipe.hpp"

#include <string_view>
#include <vector>

namespace bakery {

/// A part of a recipe and the names of its fields.
struct FieldNames {
  std::string_view object; ///< "recipe", "source", …
  std::vector<std::string_view> fields;
};

template <typename T> FieldNames names_in(std::string_view object, std::span<const Field<T>> fields)
{
  FieldNames names{.object = object, .fields = {}};
  for (const Field<T> &field : fields)
    names.fields.push_back(field.name);
  return names;
}

// The larger parts of a recipe. Each throws as FieldReader::fail().

Source read_source(const FieldReader &reader, const Yaml &key, const Yaml &value);
Placement read_placement(const FieldReader &reader, const Yaml &value);
Unit read_unit(const FieldReader &reader, const Yaml &value);

/// Their fields.
std::vector<FieldNames> part_fields();

} // namespace bakery
