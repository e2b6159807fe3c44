// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace handoff {

/// Hours of the week in which a machine may go over to another version by itself, as in
///
///     Mon..Thu,Sat 23:30-04:00 Europe/Berlin
///
/// Without days it is every day, without a time zone (of the IANA database) it is in local time.
struct Window {
  std::array<bool, 7> days{};    ///< that it begins on, Monday first
  std::chrono::minutes begin{0}; ///< of the day by the clock on the wall
  std::chrono::minutes end{0};   ///< not later than begin: on the day after
  std::string zone{};            ///< empty: local time

  bool operator==(const Window &) const = default;
};

struct WindowReading {
  std::optional<Window> window;
  std::string refusal; ///< why it is none, as a half sentence
};

WindowReading read_window(std::string_view text);

/// One of the times for which a window is open: from begin until right before end.
struct Opening {
  std::chrono::sys_seconds begin;
  std::chrono::sys_seconds end;

  bool operator==(const Opening &) const = default;
};

/// The opening that now is in, or else the next of all windows; nothing where there are none. On a
/// day on which clocks change a window begins and ends by the clock on the wall; one that would be
/// in the hour that is left out is not open on that day.
std::optional<Opening> next_opening(const std::vector<Window> &windows,
                                    std::chrono::sys_seconds now);

} // namespace handoff
