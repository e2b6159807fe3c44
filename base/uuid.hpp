// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

/// A UUID in the order in which it is written (RFC 9562), not in GPT's mixed order.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// Accepts the usual dashed form and 32 bare hex digits, in either case.
  static std::optional<Uuid> parse(std::string_view text);

  [[nodiscard]] std::string text() const; ///< lower case, with dashes

  [[nodiscard]] bool is_zero() const { return *this == Uuid{}; }

  auto operator<=>(const Uuid &) const = default;
};

} // namespace base
