// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command_line.hpp"
#include "handoff/apply_record.hpp"
#include "updater/inventory.hpp"
#include "verity/image_policy.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// How the program was called: as strake, or under the name of what it stands in for.
enum class Face { strake, systemd_sysupdate };

/// The command line, read and checked as far as that needs no verb.
struct Options {
  Face face = Face::strake;
  std::string verb; ///< empty: the default one
  std::vector<std::string> arguments;

  std::string component;
  bool all_components = false;
  bool suggested_components = false;
  bool all_features = false;
  bool suggested_features = false;
  std::string definitions;
  std::string root;
  std::string image;
  verity::ImagePolicy image_policy = verity::ImagePolicy::parse("*");
  std::string transfer_source;
  std::optional<std::uint64_t> instances_max;
  bool sync = true;
  std::optional<bool> verify;
  bool reboot = false;
  bool offline = false;
  bool automatic = false;
  handoff::When when = handoff::When::now;
  bool kexec = false;
  std::optional<bool> cleanup;
  bool legend = true;
  std::vector<std::string> keep; ///< of a reset, as the four below
  bool keep_machine_id = false;
  bool keep_data = false;
  bool with_extensions = false;
  bool backup = false;
  Json json = Json::off;
  bool dry_run = false;
  std::vector<std::string> given; ///< long names of the options that occurred

  [[nodiscard]] bool has(const std::string &name) const;
};

/// One option, for the parser, --help and the completions.
struct OptionRow {
  const char *name;     ///< long name
  char letter;          ///< short one, or 0
  const char *argument; ///< placeholder, or null where it takes none
  const char *help;
  bool only_strake; ///< systemd-sysupdate has no such option
  void (*apply)(Options &, const std::string &value);
};

const std::vector<OptionRow> &option_table();

/// Reads argv as getopt_long does: options may stand anywhere, long ones may be shortened, "--"
/// ends them. Throws Kind::usage, naming the option and what it takes.
Options parse_options(int argc, char **argv);

} // namespace cli
