// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/lint.hpp"
#include "bakery/signing_key.hpp"
#include "base/host.hpp"
#include "cli/bakery_options.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "verity/minisign.hpp"

#include <string>
#include <vector>

namespace cli {

/// One call of the program: what a verb that makes images gets.
struct BakeryCall {
  const base::Host &host;
  const BakeryOptions &options;
  const Output &print;

  [[nodiscard]] bool wants_json() const { return options.json != Json::off; }
};

struct BakeryVerb {
  const char *name;
  const char *arguments; ///< as --help shows them
  std::size_t least;
  const char *help;
  const char *page; ///< of the manual, which says more
  int (*run)(const BakeryCall &);
};

const std::vector<BakeryVerb> &bakery_verb_table();

/// Whether this word is one of these verbs.
bool is_bakery_verb(const std::string &word);

/// Runs the verb. Returns the exit status.
int run_bakery_verb(const base::Host &host, const BakeryOptions &options, const Output &output);

std::string bakery_help_text(const BakeryOptions &options);

// What the table leads to, in the file named first.
int bake(const BakeryCall &call);    // bake.cpp
int lint(const BakeryCall &call);    // lint.cpp
int key(const BakeryCall &call);     // key.cpp
int publish(const BakeryCall &call); // publish.cpp
int promote(const BakeryCall &call);
int withdraw(const BakeryCall &call);
int collect(const BakeryCall &call);
int mirror(const BakeryCall &call);

/// The secret key in this file, with the password of the environment. Throws what
/// SigningKey::parse throws, and Kind::not_found.
bakery::SigningKey read_signing_key(const base::Host &host, const std::string &path); // key.cpp

/// The public key in this file. Throws Kind::not_found, and Kind::config for anything else.
verity::MinisignKey read_public_key(const std::string &path); // key.cpp

/// What lint found, as all verbs show it.
Value findings_value(const std::vector<bakery::Finding> &findings); // lint.cpp

} // namespace cli
