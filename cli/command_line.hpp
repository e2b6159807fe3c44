// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cli {

enum class Json { off, pretty, compact };

/// An option that a program offers.
struct OptionName {
  const char *name; ///< long name
  char letter;      ///< short one, or 0
  bool has_argument;
};

/// A command line taken apart.
struct CommandLine {
  /// Long names with their values, in the order in which they stand.
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<std::string> words; ///< all else
};

/// Reads argv as getopt_long does: options may stand anywhere, long ones may be shortened, "--"
/// ends them. Throws Kind::usage, naming the option and what it takes.
CommandLine parse_command_line(int argc, char **argv, const std::vector<OptionName> &offered);

// Values of options; each throws Kind::usage with what the option takes.
bool boolean_value(const char *option, const std::string &value);
Json json_value(const std::string &value);
/// A relative path is taken from the current directory.
std::string path_value(const char *option, const std::string &value);

} // namespace cli
