// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

namespace cli {

/// Where text for the one who called goes, as it is and at once; throws if it cannot.
using Output = std::function<void(std::string_view text)>;

} // namespace cli
