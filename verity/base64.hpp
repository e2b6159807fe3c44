// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace verity {

/// The bytes that base64 with its padding stands for (RFC 4648, 4); nothing if it is anything else,
/// also with white space in it.
std::optional<std::string> decode_base64(std::string_view text);
/// The base64 text of these bytes, with padding, on one line.
std::string encode_base64(std::string_view bytes);

} // namespace verity
