// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace base {

/// The text as it may be shown to people whatever it holds: control characters, backslashes and
/// bytes that are not UTF-8 become "\xNN", so that a name or value from an image cannot move a
/// cursor, hide a line or look like another.
std::string printable(std::string_view text);

} // namespace base
