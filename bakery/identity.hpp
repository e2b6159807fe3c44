// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/uuid.hpp"

#include <string_view>

namespace bakery {

/// The UUID that always belongs to a text (version 8, of its SHA-256): what an image has to be
/// named by must not come from chance, or no two builds would be alike.
base::Uuid uuid_from(std::string_view text);

} // namespace bakery
