// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/extent.hpp"
#include "updater/stage.hpp"

#include <map>
#include <string>

namespace updater {

/// What strake wrote where, so that `repair` can tell a damaged instance from a whole one. By
/// "TRANSFER VERSION". Only advice: what is not in it is taken as whole.
using ContentRecord = std::map<std::string, Written>;

std::string content_key(const std::string &transfer, const std::string &version);

ContentRecord read_content_record(const base::Dir &state, const std::string &component);

/// Adds what an update staged, and forgets instances that are gone. Durable on return.
void record_content(const base::Host &host, const base::Dir &state, const Staged &staged);

} // namespace updater
