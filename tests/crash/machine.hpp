// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "support/crash_sweep.hpp"
#include "support/map_fetcher.hpp"
#include "support/recorder.hpp"
#include "support/temp_root.hpp"
#include "support/test_host.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace crash {

enum class Trees { no, yes };

enum class Source {
  local,
  server, ///< whose files lie in the machine's /source all the same, so that they outlive a cut
};

struct Shape {
  Trees trees = Trees::yes; ///< no server offers them
  Source source = Source::local;
  unsigned sector_size = 512;
};

/// How many bytes of a file the server sends before the connection breaks.
using Breaks = std::map<std::string, std::size_t>;

using Verb = std::function<void(const base::Host &)>;

/// A small machine in memory that is updated by the real verbs: a disk with A/B slots for root,
/// hash tree and signature, an ESP, a plain file, a tree, and a source that offers what a test puts
/// there.
class Machine {
public:
  explicit Machine(const Shape &shape = {});

  /// Offers a version.
  void offer(const std::string &version) const;

  /// Offers versions and installs each, one after the other.
  void install(const std::vector<std::string> &versions) const;

  [[nodiscard]] const base::Dir &root() const { return root_.dir(); }

  [[nodiscard]] const support::TempRoot &files() const { return root_; }

  /// Runs something for real, without a record.
  void run(const Verb &verb, const Breaks &breaks = {}) const;
  /// Runs something and records every effect. It may fail.
  [[nodiscard]] support::Recording record(const Verb &verb, const Breaks &breaks = {}) const;
  /// Kills one run after so many effects, and runs the next in the same boot; both in one record.
  [[nodiscard]] support::Recording
  record_killed(std::size_t effects, const Verb &verb, const Verb &next) const;

private:
  support::TempRoot root_;
};

/// The directories of the machine that stand for vfat.
support::Layout layout();

/// Runs something on any such machine, through any seam.
void run_on(const base::Dir &root, base::Sys &sys, const Verb &verb, const Breaks &breaks = {});

/// What a boot loader and a kernel would find.
struct Bootable {
  std::set<std::string> whole;      ///< versions whose entry, slots and table are all right
  std::vector<std::string> garbage; ///< why some entry would boot something that is not whole
  std::string newest;               ///< of the entries that a loader would list
};

enum class Boot {
  plain,             ///< Linux looks at the primary table only
  with_backup_table, ///< with "gpt" on its command line, or firmware that repairs it, at the backup
                     ///< where the primary is spoilt
};

/// Reads the machine as a loader and a kernel do, entries by their content.
Bootable look(const base::Dir &root, Boot boot = Boot::plain);

/// Whether both copies of the table are valid and equal.
bool table_is_settled(const base::Dir &root);

/// Something of a version is left, in any place and under any name; what, else nothing.
std::string left_of(const base::Dir &root, const std::string &version);

/// Every plain target of a version is there with its content; what is missing, else nothing.
std::string missing_plain(const base::Dir &root, const std::string &version);

/// The bytes that a version has for one of "root", "verity", "sig", "uki", "file", "tree".
std::string content(const std::string &what, const std::string &version);

} // namespace crash
