// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/options.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace cli {

/// Keys keep the order in which they were put in.
using Value = nlohmann::ordered_json;

/// What is not known or not there is null.
Value or_null(const std::string &text);

/// One JSON text with a newline behind it: on one line, or indented as systemd's tools do it (tabs,
/// a space on both sides of the colon).
std::string json_text(const Value &value, Json format);

} // namespace cli
