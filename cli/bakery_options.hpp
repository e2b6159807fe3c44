// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/index.hpp"
#include "cli/command_line.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// The command line of the verbs that make and publish images: `strake bake …`, `strake publish …`.
struct BakeryOptions {
  std::string verb;
  std::vector<std::string> arguments;

  std::string output;
  std::string sources;                  ///< --sources=; empty: below the output
  std::string key;                      ///< --key=, a path
  std::string certificate;              ///< --certificate=, a path
  std::string base;                     ///< --base=, a path
  std::string repository;               ///< --repository=, a path
  std::string keys;                     ///< --keys=, a path
  std::vector<std::string> sign_with{}; ///< --sign-with=, paths
  std::string gpg_key;                  ///< --gpg-key=; empty: no OpenPGP signature
  std::string url;
  std::string repository_name; ///< --name=
  bakery::Channel channel = bakery::Channel::stable;
  std::chrono::seconds valid_for = std::chrono::hours(24 * 30);
  std::string reason;
  std::vector<std::string> root_keys;    ///< --root-key=, paths
  std::vector<std::string> release_keys; ///< --release-key=, paths
  std::vector<std::string> retired;      ///< --retire=, paths
  std::optional<std::uint64_t> threshold;
  std::optional<std::uint64_t> release_threshold;
  std::string trust; ///< --trust=, a path
  std::chrono::seconds older_than = std::chrono::hours(24 * 30);
  bool lint = true; ///< not --no-lint
  bool attach = false;
  bool check = false;
  bool watch = false;
  bool dry_run = false;
  bool legend = true;
  Json json = Json::off;
  std::vector<std::string> given; ///< long names of the options that occurred

  [[nodiscard]] bool has(const std::string &name) const;
};

/// One option, for the parser and --help.
struct BakeryOptionRow {
  const char *name;     ///< long name
  char letter;          ///< short one, or 0
  const char *argument; ///< placeholder, or null where it takes none
  const char *verbs;    ///< that take it, parted by blanks; "" for all
  const char *help;
  void (*apply)(BakeryOptions &, const std::string &value);
};

const std::vector<BakeryOptionRow> &bakery_option_table();

/// `argv[0]` is the verb. Throws Kind::usage, also for an option that the verb does not take.
BakeryOptions parse_bakery_options(int argc, char **argv);

} // namespace cli
