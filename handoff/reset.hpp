// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "handoff/reset_data.hpp"
#include "handoff/reset_request.hpp"
#include "handoff/reset_survey.hpp"

#include <string>
#include <vector>

namespace handoff {

// A reset takes what was written to a machine away, and leaves the systems on it and what they
// need. It is asked for while the machine runs, and done when it is started the next time, before
// anything uses what goes: by `strake reset perform` in strake-reset.service, which then reboots,
// so that no unit and no name of what went is left in memory either.

/// What the command line adds to the settings.
struct ResetOptions {
  std::vector<std::string> places{}; ///< of those in the settings; none: all of them
  std::vector<std::string> keep{};
  bool keep_machine_id = false;
  bool keep_data = false;
  bool with_extensions = false;
  bool backup = false;
};

/// What a request means on this machine as it is now.
struct ResetForecast {
  ResetRequest request{};
  std::vector<ResetOutlook> places{};
  std::vector<ExtensionData> data{};
  std::vector<std::string> unmatched{}; ///< of what is to be kept: nothing is there
};

/// Makes a request of settings and options. Throws Kind::usage for what it cannot be, and
/// Kind::config on a machine whose /usr can be written, unless its settings name the places: what
/// is in its /etc may be nowhere else. Changes nothing.
ResetRequest reset_request(const base::Host &host,
                           const ResetOptions &options,
                           const std::vector<ExtensionData> &data);

/// Looks through all places as performing the request would. Changes nothing.
ResetForecast foresee_reset(const base::Host &host, ResetRequest request);

/// Has the next boot do it; durable on return. Until then it can be cancelled. An earlier request
/// is replaced. Throws Kind::busy if a backup is asked for while there is one.
void stage_reset(const base::Host &host, const ResetRequest &request);

/// The request to bring back what the last reset put aside. Throws Kind::not_found without one.
ResetRequest restore_request(const base::Host &host);

/// What is staged. Throws Kind::not_found if nothing is, and Kind::config as it is read.
ResetRequest staged_reset(const base::Host &host);

/// Whether something is staged, be it understood or not.
bool is_reset_staged(const base::Host &host);

/// Forgets what is staged; also one that cannot be understood. False: nothing was.
bool cancel_reset(const base::Host &host);

/// Removes what the last reset put aside. Throws Kind::not_found without one.
void forget_backup(const base::Host &host);

/// Does what is staged, and then forgets the request. Throws Kind::busy on the running system once
/// it has come up, since services would write what is being removed. After a failure or a power cut
/// the request is still there, and the next call ends it; what is to stay was never touched.
ResetRequest perform_reset(const base::Host &host);

} // namespace handoff
