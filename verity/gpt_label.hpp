// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace verity {

/// The room of a partition's label, in UTF-16 code units.
constexpr std::size_t label_limit = 36;

/// True if the text can be a partition's label: UTF-8 without a NUL, at most 36 UTF-16 units.
bool label_fits(std::string_view utf8);

/// A label as it lies in a table: filled up with zeros.
using LabelUnits = std::array<std::uint16_t, label_limit>;

/// Nothing if the text does not fit.
std::optional<LabelUnits> label_units(std::string_view utf8);

/// The text up to the first zero; what is no valid UTF-16 becomes U+FFFD.
std::string label_text(const LabelUnits &units);

} // namespace verity
