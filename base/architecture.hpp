// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace base {

/// True for the field's names of architectures, those of systemd.unit(5): "x86-64", "arm64".
bool is_architecture(std::string_view word);

} // namespace base
