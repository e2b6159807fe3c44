// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace cli {

/// What the reader's terminal can show.
enum class Charset { ascii, utf8, emoji };

/// What the locale of these variables writes in: $SYSTEMD_UTF8 if it says yes or no, else the
/// first of $LC_ALL, $LC_CTYPE and $LANG that is not empty. Where none of them is set, and where
/// the locale is not installed, it is UTF-8: that is what is shown nearly everywhere by now. Emoji
/// beside it as $SYSTEMD_EMOJI says, else on every $TERM but "dumb" and "linux".
Charset charset_of(const std::map<std::string, std::string> &environment);

/// The text with those symbols of this program that cannot be shown spelled in ASCII, as systemd's
/// tools spell them. Those of tables ("●", "✓") keep their width.
std::string shown(std::string text, Charset charset);

} // namespace cli
