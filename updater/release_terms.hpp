// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/release_manifest.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace updater {

/// What of a machine decides which releases it may have.
struct Recipient {
  std::map<std::string, std::string> os_release{};
  std::string machine_id{}; ///< 32 hex digits; empty: its turn is the last
  std::chrono::sys_seconds now{};
};

Recipient read_recipient(const base::Host &host, std::chrono::sys_seconds now);

/// A place from 0 to verity::wave_seeds - 1 among all machines, another one for each release. It
/// does not tell the machine id.
std::uint64_t wave_seed(const std::string &machine_id, const verity::Release &release);

/// When the waves of a release come to this machine; nothing: never. A release without waves has
/// come already.
std::optional<std::chrono::sys_seconds> turn_of(const verity::Release &release,
                                                const Recipient &recipient);

/// Why this machine may not have a release at all, as a half sentence: it was withdrawn, fits
/// another system, cannot follow on what is installed, or leaps over a barrier. Nothing if it may.
/// `installed` is the newest version here, or empty; `all` are the releases there are.
std::optional<std::string> hindrance(const verity::Release &release,
                                     const std::vector<verity::Release> &all,
                                     const Recipient &recipient,
                                     const std::string &installed);

/// The same for the system that a release has to fit alone.
std::optional<std::string> misfit(const verity::Release &release, const Recipient &recipient);

} // namespace updater
