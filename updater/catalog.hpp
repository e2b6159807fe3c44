// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/definition.hpp"
#include "updater/instance.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// One partition of the type that a transfer's target asks for.
struct Slot {
  unsigned partition = 0; ///< 1-based number
  std::uint64_t bytes = 0;
  bool is_empty = false; ///< labelled "_empty": holds nothing
  std::string in_use;    ///< who uses it right now ("mounted on /usr"); empty: nobody
  std::string version;   ///< of the instance in it; empty if there is none
};

/// What a signed manifest says of a version besides that it is there.
struct Terms {
  std::string version;
  std::string why; ///< this machine may not have it now, as a half sentence; empty: it may
  /// When it comes to this machine by itself, where that is later than now.
  std::optional<std::chrono::sys_seconds> turn{};
};

/// What one transfer has to show: its instances on offer and on this machine, newest first.
struct Holding {
  Transfer transfer;
  std::vector<Instance> available;
  std::vector<Instance> installed; ///< of any presence
  std::vector<Terms> terms;        ///< of what is withheld, or comes later by itself
  std::vector<Slot> slots;         ///< in disk order; none where the target is no partition
  std::string target_path;         ///< as resolved, for people
  bool is_boot = false;            ///< the target is read by the boot loader
};

/// Where the instance of one transfer in an update set comes from.
struct Part {
  std::optional<Instance> on_target; ///< installed, pending or partial
  std::optional<Instance> on_source;

  [[nodiscard]] bool has(Presence presence) const
  {
    return on_target && on_target->presence == presence;
  }
};

/// One version over all enabled transfers.
struct UpdateSet {
  std::string version;
  std::vector<Part> parts; ///< one a transfer, in their order
  bool installed = false;  ///< at least one transfer has it on the machine, in whatever presence
  bool available = false;  ///< every transfer has it on offer
  bool newest = false;     ///< of those installed, or of those available
  bool incomplete = false; ///< installed, but some transfer lacks it
  bool partial = false;    ///< some instance was begun and never finished
  bool pending = false;    ///< installed, but some instance is not in effect yet
  bool obsolete = false;   ///< older than some MinVersion=
  bool is_protected = false;

  /// In effect as a whole: what may be counted on to boot.
  [[nodiscard]] bool is_whole() const { return installed && !incomplete && !partial && !pending; }
};

/// All versions known, newest first, and what follows from them. A value: nothing in it changes
/// when the machine does.
struct Catalog {
  std::vector<UpdateSet> sets;
  std::vector<Terms> terms;                    ///< of all transfers, each version once
  std::optional<std::size_t> newest_installed; ///< index into sets
  std::optional<std::size_t> candidate;        ///< what an update without a version would install

  [[nodiscard]] const UpdateSet *find(std::string_view version) const; ///< by exact string
  [[nodiscard]] const Terms *terms_of(std::string_view version) const;
  [[nodiscard]] const UpdateSet *candidate_set() const;
};

enum class Offline { no, yes };

/// Brings the instances of all transfers together into versions. A version counts as available
/// only if every transfer offers it, and as installed if any transfer has it. The candidate is the
/// newest available one that is not obsolete and is newer than all that is installed, or else the
/// newest installed one if it is not whole and can be made so.
Catalog assess(const std::vector<Holding> &holdings, Offline offline);

/// The word in the ASSESSMENT column, for example "current+incomplete".
std::string assessment(const UpdateSet &set);

} // namespace updater
