// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/crash_model.hpp"
#include "support/recorder.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace support {

/// Whether the operation had returned when the power went: then its result has to last.
enum class Finished { no, yes };

/// One state that a power cut can leave.
struct CrashState {
  Tree tree;
  Finished finished = Finished::no;
  /// When the cut came, and which unsynced changes reached the disk.
  std::string story;
};

/// Looks at the machine after the cut, and may run whatever comes next on it. Gives what is wrong,
/// or nothing. An exception is a violation too.
using Oracle = std::function<std::string(const base::Dir &root, Finished finished)>;

enum class StopAt { end, first_violation };

struct SweepOptions {
  /// Up to so many combinations at one moment all are tried; from more of them a choice is made:
  /// none, all, each alone, each missing, in the order they were made and against it, and
  std::size_t exhaustive = 1024;
  /// so many at random, the same in each run.
  std::size_t random = 128;
  std::uint64_t seed = 1;
  Sectors sectors = Sectors::whole;
  StopAt stop_at = StopAt::end;
};

struct Violation {
  std::string story;
  std::string what;
};

struct SweepResult {
  std::size_t states = 0;  ///< distinct ones that were shown to the oracle
  std::size_t moments = 0; ///< places at which the power was cut
  std::size_t violations = 0;
  std::vector<Violation> examples{}; ///< the first few
  double seconds = 0;

  /// Counts and examples as one text, for messages.
  [[nodiscard]] std::string summary() const;
};

/// Shows the oracle each state, once, that a power cut at any moment of the recorded run can leave.
SweepResult sweep(const Recording &recording, const Oracle &oracle, const SweepOptions &options);

/// The same for several runs, for example one that was killed and the next, for each place to kill
/// it at. States that they share are shown once.
SweepResult sweep_each(const std::vector<Recording> &recordings,
                       const Oracle &oracle,
                       const SweepOptions &options);

/// What comes after a power cut: the next run of the program.
using Recovery = std::function<void(base::Sys &sys, const base::Dir &root)>;

/// Depth two: runs the recovery in every `step`-th state of the recorded run, cuts it at any
/// moment in turn, and shows the oracle what is left then.
SweepResult sweep_recovery(const Recording &recording,
                           std::size_t step,
                           const Recovery &recovery,
                           const Layout &layout,
                           const Oracle &oracle,
                           const SweepOptions &options);

/// A recording with a mistake put in, and whether the oracle saw it.
struct Mutation {
  std::string what;
  bool is_noticed = false;
};

/// Leaves out each sync in turn. A mistake is noticed if one of the oracles sees it; they are asked
/// one after the other, so that the cheap ones come first.
std::vector<Mutation> drop_each_sync(const Recording &recording,
                                     const std::vector<Oracle> &oracles,
                                     const SweepOptions &options);

/// Swaps each two neighbours, where that is possible, of which one is a sync or both change names.
std::vector<Mutation> swap_neighbours(const Recording &recording,
                                      const std::vector<Oracle> &oracles,
                                      const SweepOptions &options);

/// The mutations nobody noticed, one line each.
std::vector<std::string> unnoticed(const std::vector<Mutation> &mutations);

} // namespace support
