// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "handoff/automatic.hpp"
#include "handoff/member.hpp"
#include "updater/update.hpp"

#include <functional>
#include <string>
#include <vector>

namespace cli {

/// One call of the program: what a verb gets.
struct Call {
  const base::Host &host;
  const Options &options;
  const Output &print;

  [[nodiscard]] bool wants_json() const { return options.json != Json::off; }

  /// The scope that the command line means; `component` instead of --component= where several are
  /// gone through.
  [[nodiscard]] updater::Scope scope() const { return scope_of(options.component); }

  [[nodiscard]] updater::Scope scope_of(const std::string &component) const;
  /// The only argument, or an empty text.
  [[nodiscard]] std::string argument() const;
  /// A symbol of a table, as this locale can show it.
  [[nodiscard]] std::string symbol(const char *utf8) const;
  void print_json(const Value &value) const;
  /// Whether tables have headers: not with --no-legend.
  [[nodiscard]] Table::Header header() const;
};

/// A plain "no" (nothing newer, not pending) is not a failure, but has this exit status.
constexpr int exit_no = 1;

/// Which of the switches that select several things make sense.
enum class Several {
  none,
  components,               ///< --component-all
  components_and_features,  ///< also --feature-all and --feature-suggested
  components_and_suggested, ///< --component-all and --component-suggested
};

struct Verb {
  const char *name;
  const char *arguments; ///< as --help shows them
  std::size_t least;
  std::size_t most;
  const char *help;
  bool only_strake;
  bool changes; ///< --dry-run makes sense
  Several several;
  int (*run)(const Call &);
};

const std::vector<Verb> &verb_table();

/// Finds the verb and checks what may not be combined. Throws Kind::usage.
const Verb &checked_verb(const Options &options);

/// Runs the verb. Returns the exit status.
int run_verb(const base::Host &host, const Options &options, const Output &output);

std::string help_text(Face face);

// What the table leads to, in the file named first.
int list(const Call &call); // list.cpp
int check_new(const Call &call);
int features(const Call &call); // selection.cpp
int components(const Call &call);
int enable_feature(const Call &call);
int disable_feature(const Call &call);
int enable_component(const Call &call);
int disable_component(const Call &call);
int update(const Call &call); // change.cpp
/// Brings what is selected as far as the goal.
int bring(const Call &call, updater::Goal goal);
/// For each component that is selected; a failure in one leaves the others alone.
int for_selected(const Call &call,
                 const std::function<void(const Call &, const std::string &)> &body);
/// As a timer does: as far as automatic.conf, the network and the power allow now.
int update_by_policy(const Call &call); // automatic.cpp
int acquire(const Call &call);
int vacuum(const Call &call);
int cleanup(const Call &call);
int pending(const Call &call); // reboot.cpp
int reboot(const Call &call);
int boot(const Call &call); // boot.cpp
int bless(const Call &call);
int unbless(const Call &call);
int once(const Call &call);
int apply(const Call &call); // apply.cpp
/// Whether it is the timer's turn, as JSON and as words for people.
Value turn_json(const handoff::Turn &turn);
std::string turn_text(const handoff::Turn &turn);
int status(const Call &call); // status.cpp
int reset(const Call &call);  // reset.cpp
int follow(const Call &call); // machine.cpp
int health(const Call &call);
int retreat(const Call &call);
/// Whether the call is about the whole machine: the system as it is defined, with its extensions.
bool is_about_machine(const Call &call, const std::string &component);
/// What becomes of extensions, as JSON and as lines for people.
Value members_json(const std::vector<handoff::Member> &members);
std::string members_text(const std::vector<handoff::Member> &members);
int plan(const Call &call); // plan.cpp
/// What an update of one component would do; says nothing but that.
void foretell(const Call &call, const std::string &component);
int history(const Call &call); // policy.cpp
int rollback(const Call &call);
int pin(const Call &call);
int hold(const Call &call);
int skip(const Call &call);
int release(const Call &call);
int repair(const Call &call);

} // namespace cli
