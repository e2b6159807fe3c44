// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace support {

/// How exactly modification times are listed; `changes` adds the times of inode changes and the
/// inode numbers, so that two listings of one tree are equal only if nothing at all was touched.
enum class Times { seconds, microseconds, changes };

/// A text of all that is below a directory, itself included, but for what is below `except`: one
/// line each with name, kind, mode, owner, size, times, extended attributes, the first name of the
/// same inode, and the content or target.
std::string listing(const std::string &path, Times times, const std::string &except = "");

} // namespace support
