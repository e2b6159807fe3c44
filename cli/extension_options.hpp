// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command_line.hpp"
#include "overlay/extension_class.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// The command line of `strake ext`, or of the program that it is called as.
struct ExtensionOptions {
  /// What it was called as; nothing: strake ext.
  std::optional<overlay::Class> stands_in;
  std::string verb; ///< empty: the default one
  std::vector<std::string> arguments;

  std::vector<overlay::Class> classes; ///< what --class= says; else both, or the one stood in for
  std::string root;
  std::optional<overlay::Mutability> mutability;
  std::optional<std::string> image_policy;
  std::optional<bool> no_programs;
  bool force = false;
  bool reload = true;
  bool always_refresh = false;
  bool strict = false;
  std::chrono::seconds duration = std::chrono::minutes(10); ///< --for=
  bool when_over = false;
  std::string os_release; ///< --for-os-release=; empty: none
  std::string from;       ///< --from=; empty: the repositories that are known
  std::string trust;      ///< --trust=; path on this machine, empty: none
  std::string channel;
  bool dry_run = false;
  bool legend = true;
  Json json = Json::off;
  std::vector<std::string> given;      ///< long names of the options that occurred
  std::vector<std::string> repeatable; ///< those that a further call is to have: "--root=/mnt"

  [[nodiscard]] bool has(const std::string &name) const;
};

/// One option, for the parser and --help.
struct ExtensionOptionRow {
  const char *name;     ///< long name
  char letter;          ///< short one, or 0
  const char *argument; ///< placeholder, or null where it takes none
  const char *help;
  bool only_strake; ///< systemd-sysext has no such option
  void (*apply)(ExtensionOptions &, const std::string &value);
};

const std::vector<ExtensionOptionRow> &extension_option_table();

/// The class whose tool this name is: "/usr/bin/systemd-confext".
std::optional<overlay::Class> class_stood_in_for(const std::string &program);

/// `argv[0]` is "ext" or the program stood in for. Throws Kind::usage.
ExtensionOptions parse_extension_options(int argc, char **argv);

} // namespace cli
