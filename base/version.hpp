// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string_view>

namespace base {

/// Orders two versions by the UAPI.10 version format, as the rest of the field does: "~" sorts
/// before everything, even the end; then the end, "-", "^", "."; numbers by value and above
/// letters; any other character only separates. `equal` does not mean the same text: "1_2" and
/// "1+2" are equal, "007" and "7" too.
std::strong_ordering compare_versions(std::string_view one, std::string_view other);

/// True if the text can stand where a pattern has @v: 1 to 255 of 0-9 A-Z a-z . - ~ ^ + _, and
/// neither "." nor "..".
bool is_valid_version(std::string_view text);

} // namespace base
