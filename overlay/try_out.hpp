// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/plan.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace overlay {

/// How strake is run once more to end a trial: it outlives whoever began it.
struct Guard {
  std::vector<std::string> command;     ///< ends with wait_until_over() and take_back(by_time)
  std::vector<std::string> environment; ///< "NAME=value"
};

/// Merges an extension for a while, with all else that is installed; see Trial. From here on its
/// settings say that it is disabled, so that whatever happens it is gone after the trial or a boot.
/// The guard is started before anything is merged: a timer of systemd where that runs, else a
/// process.
///
/// Throws Kind::not_found if there is no such extension, Kind::busy while another trial is on,
/// Kind::usage if it is merged already or a generation is held, and as refresh(). It throws
/// Kind::config too if the extension was left out; no trial is on then, and its settings are what
/// they were.
void try_out(const base::Host &host,
             const std::vector<Request> &requests,
             const std::string &name,
             std::chrono::seconds duration,
             const Guard &guard);

/// Ends the trial in favour of the extension, which is enabled for good; it stays merged as it is.
/// Returns its name. Throws Kind::not_found if no trial is on.
std::string keep(const base::Host &host);

enum class Ended {
  by_hand, ///< whatever its time
  by_time, ///< only if its time is over: it can be a later one than that which was waited for
};

/// Ends the trial, and merges what is to be merged without it. Returns false if there is none that
/// this is to end.
bool take_back(const base::Host &host, const std::vector<Request> &requests, Ended ended);

/// Returns when the time of the trial that is on is over, or when there is none any more.
void wait_until_over(const base::Host &host);

} // namespace overlay
