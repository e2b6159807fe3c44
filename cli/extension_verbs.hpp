// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "cli/extension_options.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "overlay/plan.hpp"

#include <string>
#include <vector>

namespace cli {

/// One call of the program: what a verb about extensions gets.
struct ExtensionCall {
  const base::Host &host;
  const ExtensionOptions &options;
  const Output &print;

  [[nodiscard]] bool wants_json() const { return options.json != Json::off; }

  void print_json(const Value &value) const;
  /// Whether tables have headers: not with --no-legend.
  [[nodiscard]] Table::Header header() const;
  /// What the command line and the configuration ask for, one a class.
  [[nodiscard]] std::vector<overlay::Request> requests() const;
};

struct ExtensionVerb {
  const char *name;
  const char *arguments; ///< as --help shows them
  std::size_t least;
  std::size_t most;
  const char *help;
  bool only_strake;
  bool privileged; ///< only root may do it
  int (*run)(const ExtensionCall &);
};

const std::vector<ExtensionVerb> &extension_verb_table();

/// Runs the verb. Returns the exit status. Throws Kind::usage for one that there is not.
int run_extension_verb(const base::Host &host,
                       const ExtensionOptions &options,
                       const Output &output);

/// An extension as all verbs show it.
Value used_json(const overlay::UsedExtension &used, overlay::Class extension_class);
std::string protection_text(verity::Protection protection, const std::string &signer);

std::string extension_help_text(const ExtensionOptions &options);

// What the table leads to, in the file named first.
int extension_status(const ExtensionCall &call); // extension_status.cpp
int extension_list(const ExtensionCall &call);
int extension_merge(const ExtensionCall &call); // extension_verbs.cpp
int extension_unmerge(const ExtensionCall &call);
int extension_refresh(const ExtensionCall &call);
int extension_enable(const ExtensionCall &call);
int extension_disable(const ExtensionCall &call);
int extension_plan(const ExtensionCall &call); // extension_plan.cpp
int extension_why(const ExtensionCall &call);
int extension_generations(const ExtensionCall &call); // extension_generations.cpp
int extension_difference(const ExtensionCall &call);
int extension_rollback(const ExtensionCall &call);
int extension_release(const ExtensionCall &call);
int extension_try(const ExtensionCall &call); // extension_trial.cpp
int extension_keep(const ExtensionCall &call);
int extension_take_back(const ExtensionCall &call);
int extension_identify(const ExtensionCall &call); // extension_identify.cpp
int extension_check(const ExtensionCall &call);
int extension_search(const ExtensionCall &call); // extension_install.cpp
int extension_install(const ExtensionCall &call);
int extension_remove(const ExtensionCall &call);
int extension_upgrade(const ExtensionCall &call);
int extension_diff(const ExtensionCall &call); // extension_written.cpp
int extension_capture(const ExtensionCall &call);

} // namespace cli
