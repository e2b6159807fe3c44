// SPDX-License-Identifier: Apache-2.0
#include "handoff/window.hpp"

#include <date/date.h>
#include <doctest/doctest.h>

#include <sstream>

TEST_SUITE_BEGIN("handoff/window");

using handoff::Opening;
using handoff::Window;

namespace {

/// "2026-11-28 02:00", UTC.
std::chrono::sys_seconds at(const std::string &text)
{
  std::istringstream stream(text);
  std::chrono::sys_seconds time;
  stream >> date::parse("%F %R", time);
  REQUIRE(stream);
  return time;
}

Window window(const std::string &text)
{
  const handoff::WindowReading reading = handoff::read_window(text);
  INFO(text << ": " << reading.refusal);
  REQUIRE(reading.window);
  return *reading.window;
}

std::string refusal(const std::string &text)
{
  const handoff::WindowReading reading = handoff::read_window(text);
  return reading.window ? "accepted" : reading.refusal;
}

/// "2026-11-28 02:00 to 2026-11-28 05:00"
std::string opening(const std::string &text, const std::string &now)
{
  const auto next = handoff::next_opening({window(text)}, at(now));
  return next ? date::format("%F %R to ", next->begin) + date::format("%F %R", next->end) : "never";
}

} // namespace

TEST_CASE("days, hours and a zone are read")
{
  using std::chrono::minutes;
  CHECK(window("Sat,Sun 02:00-05:30 UTC") ==
        Window{{false, false, false, false, false, true, true}, minutes(120), minutes(330), "UTC"});
  CHECK(window("Fri..Mon 23:00-01:00 Europe/Berlin") ==
        Window{{true, false, false, false, true, true, true},
               minutes(23 * 60),
               minutes(60),
               "Europe/Berlin"});
  CHECK(window("00:00-24:00") ==
        Window{{true, true, true, true, true, true, true}, minutes(0), minutes(24 * 60), ""});
}

TEST_CASE("what is no window is refused with the reason")
{
  CHECK(refusal("Caturday 02:00-05:00 UTC").starts_with("Caturday names no days"));
  CHECK(refusal("Mon.. 02:00-05:00 UTC").starts_with("Mon.. names no days"));
  CHECK(refusal("02:00-05:00 Mars/Olympus") == "no time zone Mars/Olympus is known here");
  for (const std::string text : {"",
                                 "Mon",
                                 "Mon UTC",
                                 "2:00-5:00",
                                 "02:00",
                                 "24:00-25:00",
                                 "24:00-05:00",
                                 "02:60-05:00",
                                 "02:00-05:00 UTC UTC",
                                 "Mon 02:00-05:00 UTC UTC",
                                 "-1:00-05:00"})
    CHECK_MESSAGE(refusal(text) != "accepted", text);
}

TEST_CASE("a window is the one that is open, or else the next")
{
  // 2026-11-27 is a Friday.
  CHECK(opening("Sat 02:00-05:00 UTC", "2026-11-27 12:00") ==
        "2026-11-28 02:00 to 2026-11-28 05:00");
  CHECK(opening("Sat 02:00-05:00 UTC", "2026-11-28 02:00") ==
        "2026-11-28 02:00 to 2026-11-28 05:00");
  CHECK(opening("Sat 02:00-05:00 UTC", "2026-11-28 04:59") ==
        "2026-11-28 02:00 to 2026-11-28 05:00");
  CHECK(opening("Sat 02:00-05:00 UTC", "2026-11-28 05:00") ==
        "2026-12-05 02:00 to 2026-12-05 05:00");
}

TEST_CASE("a window over midnight is of the day on which it begins")
{
  CHECK(opening("Fri 23:00-01:00 UTC", "2026-11-28 00:30") ==
        "2026-11-27 23:00 to 2026-11-28 01:00");
  CHECK(opening("Sat 23:00-01:00 UTC", "2026-11-28 00:30") ==
        "2026-11-28 23:00 to 2026-11-29 01:00");
  CHECK(opening("00:00-24:00 UTC", "2026-11-28 12:00") == "2026-11-28 00:00 to 2026-11-29 00:00");
}

TEST_CASE("hours are those of the zone, also on the days on which clocks change")
{
  CHECK(opening("04:00-05:00 Europe/Berlin", "2026-11-28 00:00") ==
        "2026-11-28 03:00 to 2026-11-28 04:00");
  CHECK(opening("04:00-05:00 Europe/Berlin", "2026-07-28 00:00") ==
        "2026-07-28 02:00 to 2026-07-28 03:00");
  // On 29 March there is no 02:30 in Berlin, and on 25 October there are two.
  CHECK(opening("02:10-02:50 Europe/Berlin", "2026-03-29 00:00") ==
        "2026-03-30 00:10 to 2026-03-30 00:50");
  CHECK(opening("01:00-04:00 Europe/Berlin", "2026-03-29 00:00") ==
        "2026-03-29 00:00 to 2026-03-29 02:00");
  CHECK(opening("01:00-04:00 Europe/Berlin", "2026-10-25 00:00") ==
        "2026-10-24 23:00 to 2026-10-25 03:00");
}

TEST_CASE("of several windows the earliest opening counts, and without any there is none")
{
  const auto now = at("2026-11-27 12:00");
  CHECK_FALSE(handoff::next_opening({}, now));
  CHECK(handoff::next_opening({window("Sun 01:00-02:00 UTC"), window("Sat 01:00-02:00 UTC")},
                              now) == Opening{at("2026-11-28 01:00"), at("2026-11-28 02:00")});
}
