// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace base {

/// One KEY=VALUE, and where it stands.
struct ConfigItem {
  std::string section;
  std::string key;
  std::string value; ///< without spaces around it, continuation lines joined by a space
  std::string file;
  unsigned line = 0; ///< the value's first line

  [[nodiscard]] std::string place() const; ///< "FILE:LINE"
};

/// What a file, or a file with its drop-ins, says: the items in the order in which they count.
/// Sections and keys are judged by the caller, who knows which there are.
struct Config {
  std::vector<ConfigItem> items{};
  std::vector<std::string> warnings{}; ///< lines that mean nothing, each with its place
};

/// Reads the ini form of systemd's files. A section header that isn't one throws Kind::config,
/// because all that follows would land in the wrong section; any other line that is no
/// KEY=VALUE becomes a warning.
Config parse_config(std::string_view text, const std::string &file);

/// A configuration file of the search path.
struct ConfigFile {
  std::string name; ///< "50-root.transfer"
  std::string path; ///< beneath the root, "/etc/sysupdate.d/50-root.transfer"
};

/// The files in `directories` (beneath `root`, most important first) whose names end in `suffix`,
/// in the byte order of their names. Of one name only the first counts, and it takes the name out
/// of the list if it is empty or leads to /dev/null. A directory that doesn't exist has no files.
std::vector<ConfigFile> find_config_files(const Dir &root,
                                          std::span<const std::string> directories,
                                          std::string_view suffix);

/// The file of that name and after it its drop-ins: NAME.d/*.conf in all `directories`, sorted and
/// masked as above. If the file is absent or masked its drop-ins still count.
Config
read_config(const Dir &root, std::span<const std::string> directories, const std::string &name);

/// What strake's own NAME ("automatic.conf", "extensions/tools.conf") and its drop-ins say, in the
/// directories strake/ of /etc, /run, /usr/local/lib and /usr/lib. Unlike in systemd's files a line
/// that means nothing throws Kind::config with its place.
std::vector<ConfigItem> read_own_settings(const Dir &root, const std::string &name);

/// The words of a value. Quotes are plain characters, and backslashes escape as in C, also \s for
/// a space; an unknown escape stays as it is. Nothing if an escape is cut off or makes a NUL.
std::optional<std::vector<std::string>> split_escaped(std::string_view text);

/// The words of a value, with '…' and "…" around words or parts of them taken off. Backslashes
/// are kept. Nothing if a quote isn't closed.
std::optional<std::vector<std::string>> split_quoted(std::string_view text);

} // namespace base
