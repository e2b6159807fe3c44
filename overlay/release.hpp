// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "overlay/extension_class.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace overlay {

/// What an extension-release file says.
using Release = std::map<std::string, std::string>;

/// Reads the release file of the extension `name` from its tree: the one that has this name, or
/// else the only other one there that may stand for it, because it is called as the extension is
/// without version ("foo" for "foo_1.2"), or because its extended attribute
/// user.extension-release.strict says "no". Symlinks are resolved beneath the tree, and a stand-in
/// must be no symlink.
///
/// `place` is where the tree lies in the extension: "/usr" for an image that holds nothing else.
///
/// Nothing if there is none. Throws Kind::config if there are two stand-ins, or if the file is no
/// regular one or larger than 1 MiB.
std::optional<Release> read_release(const base::Dir &tree,
                                    Class extension_class,
                                    const std::string &name,
                                    std::string_view place = "");

/// A path of an extension, "usr/lib", in a tree that lies at `place` in it, "" or "/usr"; nothing
/// if it lies outside.
std::optional<std::string> path_below(std::string_view place, std::string_view path);

/// What the data say for `key`; "" where they don't, to which systemd gives the same meaning.
std::string value_of(const Release &data, const std::string &key);

/// The words of a value, parted by blanks.
std::vector<std::string> words_of(std::string_view value);

} // namespace overlay
