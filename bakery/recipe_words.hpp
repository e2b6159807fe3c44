// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/field.hpp"
#include "bakery/recipe.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bakery {

// The values that fields of recipes have. Each throws as FieldReader::fail(), with what is
// expected.

bool is_letter(char one);
bool is_digit(char one);
/// True if the text has nothing but letters, digits and what is in `more`.
bool consists_of(std::string_view text, std::string_view more);

std::string extension_name(const FieldReader &reader, const Yaml &value);
/// An architecture as systemd writes it, or "any".
std::string architecture(const FieldReader &reader, const Yaml &value, std::string_view field);
std::string unit_name(const FieldReader &reader, const Yaml &value, std::string_view field);
/// One name, or a list of them.
std::vector<std::string>
unit_names(const FieldReader &reader, const Yaml &value, std::string_view field);
std::uint64_t number(const FieldReader &reader, const Yaml &value, std::string_view field);
/// Bytes, written with K, M, G or T for powers of 1024.
std::uint64_t size(const FieldReader &reader, const Yaml &value, std::string_view field);
/// The value, or fields with the value for each architecture.
PerArchitecture
per_architecture(const FieldReader &reader, const Yaml &value, std::string_view field);
PerArchitecture sha256(const FieldReader &reader, const Yaml &value, std::string_view field);

} // namespace bakery
