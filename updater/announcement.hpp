// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/history.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// Something that other programs wait for, and the name by which they find it in the journal.
struct Announced {
  std::string_view action;
  std::string_view outcome;
  std::string_view message_id; ///< 32 hexadecimal digits (sd-id128(3)); units/strake.catalog too
  int priority;                ///< of syslog(3)
  std::string_view message;    ///< {} is the version, or what the event is about
};

/// All of them.
const std::vector<Announced> &announced();

/// The row of an event; null if nobody is told of it.
const Announced *announced_as(const Event &event);

/// One entry for the journal in its native protocol: PRIORITY=, MESSAGE_ID=, and STRAKE_ACTION=,
/// STRAKE_OUTCOME=, STRAKE_COMPONENT=, STRAKE_VERSION=, STRAKE_DETAIL= as far as they are known.
std::string journal_entry(const Announced &how, const Event &event);

/// Has the journal of the machine take an event, if others wait for such. Where no journal runs, or
/// it does not take it at once, nothing happens: it is commentary, and the history has it too.
void announce(const base::Host &host, const Event &event);

} // namespace updater
