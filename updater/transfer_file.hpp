// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/definition.hpp"
#include "updater/definition_file.hpp"

#include <string>
#include <vector>

namespace updater {

/// Reads one .transfer with its drop-ins, fills in what it leaves open, and checks that the whole
/// can work. Throws Kind::config with the place of what is wrong. Transfer::enabled is left as it
/// is by default, because it depends on the features.
Transfer read_transfer(const FileReader &reader, const base::ConfigFile &file);

/// All keys as "Section.Key", for the test that compares them with the manual.
std::vector<std::string> transfer_keys();

} // namespace updater
